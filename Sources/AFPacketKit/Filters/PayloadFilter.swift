/// A payload that a filter finds by its first bytes.
public struct PayloadPattern: Sendable {
    /// The first eight bytes, in network order.
    let start: UInt64
    /// The numbers of bytes that may precede it in a frame or a datagram.
    let gaps: [Int]
    /// The payloads that are left out; nil for none.
    let exception: Exception?

    /// Payloads with one of some bytes at an offset, if a word is at another one before it.
    public struct Exception: Sendable {
        let word: UInt32
        let wordOffset: Int
        let bytes: [UInt8]
        let byteOffset: Int

        /// Creates an exception; the word is in network order.
        public init(word: UInt32, at wordOffset: Int, bytes: [UInt8], at byteOffset: Int) {
            precondition(byteOffset >= wordOffset + 4, "the word comes first")
            (self.word, self.wordOffset) = (word, wordOffset)
            (self.bytes, self.byteOffset) = (bytes, byteOffset)
        }
    }

    /// Creates a pattern.
    public init(start: UInt64, gaps: [Int] = [0], except exception: Exception? = nil) {
        (self.start, self.gaps, self.exception) = (start, gaps, exception)
    }
}

extension SocketFilter {
    /// Accepts a payload in any Ethernet frame, or in any unfragmented UDP datagram over IPv4 or over IPv6 without
    /// extension headers. A tag may be left in the frame, behind the one that the kernel takes out.
    public static func payloads(_ pattern: PayloadPattern) -> SocketFilter {
        var program = FilterAssembly()
        program.load(halfAt: 12)
        let isNoTag = program.branch(unlessEquals: UInt32(EtherType.vlan.rawValue))
        let isTagged = program.jump()
        program.land(isNoTag)
        let isNoServiceTag = program.branch(unlessEquals: UInt32(EtherType.serviceVLAN.rawValue))
        let isServiceTagged = program.jump()
        program.land(isNoServiceTag)
        let isFound = program.findContent(at: 14)
        program.land(isTagged)
        program.land(isServiceTagged)
        for end in program.findContent(at: 18) + isFound { program.land(end) }
        for gap in pattern.gaps { program.accept(pattern, behind: gap) }
        return program.finish(accepting: false)
    }
}

extension FilterAssembly {
    /// Sets the index to what follows the type, and the headers of IP and UDP if it is theirs; the header behind the
    /// type is at `start`. Returns the jumps that follow.
    fileprivate mutating func findContent(at start: UInt32) -> [Branch] {
        load(halfAt: start - 2)
        let isNotVersion4 = branch(unlessEquals: UInt32(EtherType.ipv4.rawValue))
        require(byteAt: start + 9, equals: Self.udp)
        require(halfAt: start + 6, hasNoneOf: 0x3fff)  // neither a fragment's offset nor more fragments
        loadHeaderLength(at: start)
        addToIndex(start + 8)
        let isVersion4 = jump()
        land(isNotVersion4)
        let isNotVersion6 = branch(unlessEquals: UInt32(EtherType.ipv6.rawValue))
        require(byteAt: start + 6, equals: Self.udp)
        setIndex(to: start + 48)
        let isVersion6 = jump()
        land(isNotVersion6)
        setIndex(to: start)
        return [isVersion4, isVersion6, jump()]
    }

    /// Ends the program if the payload is so many bytes behind the index: rejects its exceptions and accepts the rest.
    fileprivate mutating func accept(_ pattern: PayloadPattern, behind gap: Int) {
        let gap = UInt32(gap)
        load(indexedWordAt: gap)
        let isOtherStart = branch(unlessEquals: UInt32(pattern.start >> 32))
        load(indexedWordAt: gap + 4)
        let isOtherEnd = branch(unlessEquals: UInt32(truncatingIfNeeded: pattern.start))
        if let exception = pattern.exception { reject(exception, behind: gap) }
        accept()
        land(isOtherStart)
        land(isOtherEnd)
    }

    private mutating func reject(_ exception: PayloadPattern.Exception, behind gap: UInt32) {
        let byteOffset = gap + UInt32(exception.byteOffset)
        // A load beyond the end would reject the frame.
        loadLengthFromIndex()
        let isShort = branch(unlessAtLeast: byteOffset + 1)
        load(indexedWordAt: gap + UInt32(exception.wordOffset))
        let isOtherWord = branch(unlessEquals: exception.word)
        load(indexedByteAt: byteOffset)
        for byte in exception.bytes {
            let isOther = branch(unlessEquals: UInt32(byte))
            reject()
            land(isOther)
        }
        land(isShort)
        land(isOtherWord)
    }
}
