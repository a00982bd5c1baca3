/// A record of the frames sent through one socket, which finds the frame of a transmit completion.
///
/// The kernel numbers the sends of a socket (`TimestampingFlags.identifier`) and returns with each completion that
/// number, the key, and the frame. The key alone may mislead: a send that fails may or may not use one up, and Linux
/// 4.19 and older give every send of a packet socket the key 0. So the ledger looks up the key, and checks the result
/// by a part of the frame that is unique to it, the witness.
///
///     extension PollSet.Members { static let completions = Self(rawValue: 1) }
///
///     let socket = try PacketSocket.transmitter(
///         on: interface, timestamping: [.transmitSoftware, .software, .identifier])
///     var ledger = TransmitLedger(capacity: 1024)
///     var completions = MessageBatch(capacity: 16, frameCapacity: 1600)
///     var poll = PollSet()
///     poll.addErrorQueue(of: socket, as: .completions)
///
///     guard try socket.send(frame.span) else { return }  // no room now
///     let token = ledger.sent(frame.span)
///
///     try poll.wait(until: .now() + 1_000_000_000)
///     try socket.receiveCompletions(into: &completions)
///     for index in 0..<completions.count {
///         let completion = completions[index]
///         if case .token(token) = ledger.match(completion) { print(completion.ancillary.software) }
///     }
///
/// Call `failed()` if `send` throws. The batch must hold whole frames, and the headers that tunnels and VLAN devices
/// put in front of them. The ledger holds no socket and no frame, only 16 bytes for each of the last frames.
public struct TransmitLedger: ~Copyable {
    /// The serial number of a send through this socket, from 1.
    public typealias Token = UInt64

    /// The frame of a completion.
    public enum Match: Hashable, Sendable {
        /// The frame with this token.
        case token(Token)
        /// The witness is of one frame and the key of another: one of them is wrong.
        case contradiction
        /// No frame that the ledger still knows.
        case unknown
    }

    /// A frame that was sent.
    @usableFromInline
    struct Entry: BitwiseCopyable {
        @usableFromInline var witness = FrameWitness(offset: nil)
        @usableFromInline var value: UInt64 = 0
        /// 0 if there is none: the send failed.
        @usableFromInline var length: UInt32 = 0

        /// An empty entry.
        @inlinable
        init() {}

        @inlinable @inline(__always)
        init(_ frame: Span<UInt8>, _ witness: FrameWitness) {
            self.witness = witness
            value = witness.value(of: frame, from: 0, length: frame.count)
            length = UInt32(truncatingIfNeeded: frame.count)
        }
    }

    @usableFromInline var entries: Slab<Entry>
    /// The token of the last send; 0 before the first.
    @usableFromInline private(set) var latest: Token = 0
    /// A key minus its token, modulo 2³², from `first` on; nil until a completion tells it.
    @usableFromInline private(set) var distance: UInt32? = .max
    /// The first token with this distance.
    @usableFromInline private(set) var first: Token = 1
    /// The last known distance before `first`.
    private var earlierDistance: UInt32?
    /// Tells whether the kernel gives every send the same key.
    private var areKeysUseless = false

    /// Creates an empty ledger.
    ///
    /// - Parameter capacity: the min number of frames it knows, 1 or more: as many as may wait for their completions.
    public init(capacity: Int) {
        var size = 1
        while size < capacity { size *= 2 }
        entries = Slab(repeating: Entry(), count: size)
    }

    /// The token of the next send.
    @inlinable
    public var next: Token { latest &+ 1 }

    /// The key for a send with its own key (`TimestampedSocket.send(_:recording:key:)`): the key that the kernel would
    /// count if no send had failed, so that nothing else changes if the kernel does not take keys. If sends with and
    /// without such keys alternate, the ledger must be told (`willChangeKeys`).
    @inlinable
    public func explicitKey(of token: Token) -> UInt32 { UInt32(truncatingIfNeeded: token &- 1) }

    // MARK: Sending

    /// Records a frame that the kernel took, as it was sent.
    ///
    /// - Parameter offset: the offset of the witness: eight bytes unique to the frame, such as a serial number. nil
    ///   for a hash of the first 128 bytes, which costs more. Frames with equal witness and length are told apart by
    ///   the key alone.
    @inlinable @inline(__always)
    @discardableResult
    public mutating func sent(_ frame: Span<UInt8>, witnessAt offset: Int? = nil) -> Token {
        latest &+= 1
        entries[wrapping: latest] = Entry(frame, FrameWitness(offset: offset))
        return latest
    }

    /// Records the frames at some indices of a batch, in their order, as the kernel took them.
    ///
    /// - Parameter offset: as for a single frame.
    /// - Returns: their tokens.
    @inlinable
    @discardableResult
    public mutating func sent(
        _ batch: borrowing FrameBatch, _ indices: Range<Int>, witnessAt offset: Int? = nil
    ) -> Range<Token> {
        let first = next
        for index in indices { sent(batch.frame(at: index), witnessAt: offset) }
        return first..<next
    }

    /// Records a send that failed, which uses up a token. Whether it used up a key depends on where it failed.
    ///
    /// - Parameter hadExplicitKey: whether the send had its own key, so that it does not matter.
    public mutating func failed(hadExplicitKey: Bool = false) {
        latest &+= 1
        entries[wrapping: latest] = Entry()
        guard !hadExplicitKey else { return }
        loseDistance()
    }

    /// Records that a send of several frames may have failed after the last frame taken: it may have used up a key,
    /// but has no token. sendmmsg(2)
    public mutating func mayHaveFailed() { loseDistance() }

    /// Records that the next send brings its own key, and the one before did not, or the other way round: the kernel
    /// counts only sends without one, so that its keys fall behind the tokens.
    public mutating func willChangeKeys() { loseDistance() }

    private mutating func loseDistance() {
        earlierDistance = distance ?? earlierDistance
        distance = nil
        first = next
    }

    // MARK: Completions

    /// Finds the frame of a message of the error queue.
    ///
    /// - Returns: `unknown` also if the message is not a transmit completion.
    @inlinable
    public mutating func match(_ completion: borrowing ReceivedFrame) -> Match {
        guard let transmission = completion.ancillary.transmission else { return .unknown }
        return match(transmission, returned: completion.bytes)
    }

    /// Finds the frame of a completion.
    ///
    /// - Parameter returned: the frame that came back, including headers put in front of it.
    @inlinable
    public mutating func match(_ completion: TransmitCompletion, returned frame: Span<UInt8>) -> Match {
        if let distance {
            // The number of sends since. A key of no send leads far back.
            let age = UInt32(truncatingIfNeeded: latest) &- (completion.key &- distance)
            let token = latest &- UInt64(age)
            if UInt64(age) <= latest &- first, age < entries.count, isAtEnd(of: frame, token) {
                return .token(token)
            }
        }
        return search(completion.key, frame)
    }

    /// Finds a returned frame by its witness alone, for messages without a key (`Ancillary.launchFailure`).
    ///
    /// - Returns: the token of the last matching frame; nil if there is none.
    public func token(ofReturned frame: Span<UInt8>) -> Token? {
        if let token = lastToken(upTo: latest, returnedAs: frame) { return token }
        // An error of the network may quote the first part of a datagram only.
        var token = latest
        while token >= oldest {
            if isCut(token, in: frame, behind: 0) { return token }
            token &-= 1
        }
        return nil
    }

    /// The oldest token that the ledger may still know.
    private var oldest: Token { next &- min(next &- 1, UInt64(entries.count)) }

    /// Returns whether `frame` ends within the message of a token, whose witness is there.
    ///
    /// - Parameter headers: the length of the headers in front of the message.
    private func isCut(_ token: Token, in frame: Span<UInt8>, behind headers: Int) -> Bool {
        let entry = entries[wrapping: token]
        let offset = headers &+ Int(entry.witness.offset)
        return entry.length > 0 && entry.witness.offset != FrameWitness.hashed
            && frame.count < headers + Int(entry.length) && offset + 8 <= frame.count
            && frame.value(at: offset, as: UInt64.self) == entry.value
    }

    /// The token that a key leads to if its datagram came back cut: a completion holds the first fragment, behind the
    /// headers of Ethernet, IP and perhaps UDP.
    private func fragmentToken(_ key: UInt32, _ frame: Span<UInt8>) -> Token? {
        guard let distance, !areKeysUseless else { return nil }
        let age = UInt64(UInt32(truncatingIfNeeded: latest) &- (key &- distance))
        guard age < latest, age < entries.count else { return nil }
        return [34, 42, 54, 62].contains { isCut(latest &- age, in: frame, behind: $0) } ? latest &- age : nil
    }

    /// Returns whether a returned frame ends with the frame of a token that is not too old.
    @inlinable @inline(__always)
    func isAtEnd(of frame: Span<UInt8>, _ token: Token) -> Bool {
        let entry = entries[wrapping: token]
        let start = frame.count &- Int(entry.length)
        return entry.length > 0 && start >= 0
            && entry.witness.value(of: frame, from: start, length: Int(entry.length)) == entry.value
    }

    /// Returns whether a returned frame is that of a token that is not too old; the driver may have added padding.
    private func isReturned(_ token: Token, as frame: Span<UInt8>) -> Bool {
        if isAtEnd(of: frame, token) { return true }
        let entry = entries[wrapping: token]
        return entry.length > 0 && entry.length < frame.count
            && entry.witness.value(of: frame, from: 0, length: Int(entry.length)) == entry.value
    }

    /// Finds the frame if the key does not lead to it.
    @usableFromInline @inline(never)
    mutating func search(_ key: UInt32, _ frame: Span<UInt8>) -> Match {
        if let token = tokenBeforeFailure(key), isReturned(token, as: frame) { return .token(token) }
        if let token = fragmentToken(key, frame) { return .token(token) }
        // The completions of alike frames come in the order of the frames.
        let token =
            distance == nil
            ? firstToken(returnedAs: frame) ?? self.token(ofReturned: frame)
            : self.token(ofReturned: frame)
        guard let token else { return .unknown }
        return agrees(key, with: token) ? .token(token) : .contradiction
    }

    /// The token before the last failure that a key leads to; nil if it leads to none.
    private func tokenBeforeFailure(_ key: UInt32) -> Token? {
        guard let earlierDistance, !areKeysUseless else { return nil }
        let age = UInt64(UInt32(truncatingIfNeeded: latest) &- (key &- earlierDistance))
        guard age < latest, age < entries.count, latest &- age < first else { return nil }
        return latest &- age
    }

    /// The token of the oldest frame since the last failure that matches a returned one.
    private func firstToken(returnedAs frame: Span<UInt8>) -> Token? {
        var token = max(first, next &- min(next &- 1, UInt64(entries.count)))
        while token <= latest {
            if isReturned(token, as: frame) { return token }
            token &+= 1
        }
        return nil
    }

    private func lastToken(upTo last: Token, returnedAs frame: Span<UInt8>) -> Token? {
        var token = last
        while token >= oldest {
            if isReturned(token, as: frame) { return token }
            token &-= 1
        }
        return nil
    }

    /// Returns whether a key fits the frame with the witness; learns the distance if it is unknown.
    private mutating func agrees(_ key: UInt32, with token: Token) -> Bool {
        // Sends before a failure cannot be judged.
        guard token >= first, !areKeysUseless else { return true }
        let found = key &- UInt32(truncatingIfNeeded: token)
        guard let distance else {
            self.distance = found
            return true
        }
        if found == distance { return true }
        // Linux 4.19 and older.
        guard key == 0 else { return false }
        areKeysUseless = true
        self.distance = nil
        return true
    }
}

/// The part of a frame that is unique to it, as a number.
@usableFromInline
struct FrameWitness: BitwiseCopyable, Sendable {
    /// The offset of eight bytes; `hashed` for a hash of the frame's beginning.
    @usableFromInline let offset: UInt32

    @inlinable static var hashed: UInt32 { .max }
    @inlinable static var hashedLength: Int { 128 }

    @inlinable @inline(__always)
    init(offset: Int?) { self.offset = offset.map { UInt32(truncatingIfNeeded: $0) } ?? Self.hashed }

    /// The witness of the frame in the `length` bytes from `start` on, which must all exist.
    @inlinable @inline(__always)
    func value(of bytes: Span<UInt8>, from start: Int, length: Int) -> UInt64 {
        if Int(offset) &+ 8 <= length { return bytes.value(at: start &+ Int(offset), as: UInt64.self) }
        return hash(bytes.extracting(start..<start &+ min(Self.hashedLength, length)))
    }

    /// A hash of the witness: each word is multiplied into 128 bits, whose halves are then combined by XOR.
    @usableFromInline @inline(never)
    func hash(_ bytes: Span<UInt8>) -> UInt64 {
        var hash = UInt64(bytes.count) ^ 0x2d35_8dcc_aa6c_78a5
        func add(_ word: UInt64) {
            let product = (hash ^ word).multipliedFullWidth(by: 0x8bb8_4b93_962e_acc9)
            hash = product.high ^ product.low
        }
        let words = bytes.count / 8
        for index in 0..<words {
            add(unsafe bytes.bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: 8 &* index, as: UInt64.self))
        }
        guard bytes.count > 8 &* words else { return hash }
        var rest: UInt64 = 0
        for index in 8 &* words..<bytes.count { rest = rest << 8 | UInt64(bytes[index]) }
        add(rest)
        return hash
    }
}
