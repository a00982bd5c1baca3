/// A record of the frames that were sent through one socket, by which its transmit completions find them again.
///
/// The kernel numbers the sends of a socket (`TimestampingFlags.identifier`) and returns with each completion that
/// number, the key, and the frame. The key alone may mislead: a send that fails uses one up or does not, and Linux 4.19
/// and older give every send of a packet socket the key 0. So the ledger goes by the key, and makes sure by a part of
/// the frame that tells it from others, the witness.
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
/// If `send` throws, `failed()` is to be called. The batch must hold whole frames, and what tunnels and VLAN devices
/// put in front of them. It holds no socket and no frame, only 16 bytes for each of the last frames.
public struct TransmitLedger: ~Copyable {
    /// The serial number of a send through this socket, from 1.
    public typealias Token = UInt64

    /// The frame that a completion is about.
    public enum Match: Hashable, Sendable {
        /// The one with this token.
        case token(Token)
        /// The witness is of one frame and the key of another: one of them is wrong.
        case contradiction
        /// None of the frames that the ledger still knows.
        case unknown
    }

    /// A frame that was sent.
    @usableFromInline
    struct Entry: BitwiseCopyable {
        @usableFromInline var witness = FrameWitness(offset: nil)
        @usableFromInline var value: UInt64 = 0
        /// 0 if there is none: the send failed.
        @usableFromInline var length: UInt32 = 0

        /// None.
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
    /// A key minus its token, modulo 2³², from `first` on; nil while no completion has told it.
    @usableFromInline private(set) var distance: UInt32? = .max
    /// The first token that the distance holds for.
    @usableFromInline private(set) var first: Token = 1
    /// The distance before `first`, as far as it was known last.
    private var earlierDistance: UInt32?
    /// Whether the kernel gives every send the same key.
    private var areKeysUseless = false

    /// Makes an empty ledger.
    ///
    /// - Parameter capacity: how many frames it knows at least, 1 or more: as many as may wait for their completions.
    public init(capacity: Int) {
        var size = 1
        while size < capacity { size *= 2 }
        entries = Slab(repeating: Entry(), count: size)
    }

    /// The token that the next send gets.
    @inlinable
    public var next: Token { latest &+ 1 }

    /// The key for a send that brings its own (`PacketSocket.send(_:recording:key:)`): the one that the kernel would
    /// give it had no send failed, so that nothing else changes where the kernel does not take it. Where sends with and
    /// without such keys follow each other, the ledger has to be told (`willChangeKeys`).
    @inlinable
    public func explicitKey(of token: Token) -> UInt32 { UInt32(truncatingIfNeeded: token &- 1) }

    // MARK: Sending

    /// Records a frame that the kernel took, as it was sent.
    ///
    /// - Parameter offset: the offset of eight bytes that tell the frame from the others, such as a serial number; they are
    ///   its witness. Nil for a hash of the first 128, which costs more. Of frames that are alike in their witness and their
    ///   length, the key alone tells which it is.
    @inlinable @inline(__always)
    @discardableResult
    public mutating func sent(_ frame: Span<UInt8>, witnessAt offset: Int? = nil) -> Token {
        latest &+= 1
        entries[wrapping: latest] = Entry(frame, FrameWitness(offset: offset))
        return latest
    }

    /// Records the frames at some indices of a batch, in their order, which the kernel took as they are.
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

    /// Records a send that failed, which uses up a token: whether it used up a key depends on where it failed.
    ///
    /// - Parameter hadExplicitKey: whether the kernel was given the key, so that it does not matter.
    public mutating func failed(hadExplicitKey: Bool = false) {
        latest &+= 1
        entries[wrapping: latest] = Entry()
        guard !hadExplicitKey else { return }
        loseDistance()
    }

    /// Records that a send of several frames may have failed behind the last one that was taken: it may have used up a
    /// key, but has no token. sendmmsg(2)
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

    /// Finds the frame that a message of the error queue is about.
    ///
    /// - Returns: `unknown` also if the message is not about a frame's way out.
    @inlinable
    public mutating func match(_ completion: borrowing ReceivedFrame) -> Match {
        guard let transmission = completion.ancillary.transmission else { return .unknown }
        return match(transmission, returned: completion.bytes)
    }

    /// Finds the frame that a completion is about.
    ///
    /// - Parameter returned: the frame that came back, headers that were put in front of it included.
    @inlinable
    public mutating func match(_ completion: TransmitCompletion, returned frame: Span<UInt8>) -> Match {
        if let distance {
            // How long ago it was sent. A key of no send leads far back.
            let age = UInt32(truncatingIfNeeded: latest) &- (completion.key &- distance)
            let token = latest &- UInt64(age)
            if UInt64(age) <= latest &- first, age < entries.count, isAtEnd(of: frame, token) {
                return .token(token)
            }
        }
        return search(completion.key, frame)
    }

    /// Finds the frame that came back by its witness alone, for messages without a key (`Ancillary.launchFailure`).
    ///
    /// - Returns: the token of the last one that is alike; nil if there is none.
    public func token(ofReturned frame: Span<UInt8>) -> Token? { lastToken(upTo: latest, returnedAs: frame) }

    /// Whether the last bytes of a frame that came back are the frame of a token that is not too old.
    @inlinable @inline(__always)
    func isAtEnd(of frame: Span<UInt8>, _ token: Token) -> Bool {
        let entry = entries[wrapping: token]
        let start = frame.count &- Int(entry.length)
        return entry.length > 0 && start >= 0
            && entry.witness.value(of: frame, from: start, length: Int(entry.length)) == entry.value
    }

    /// Whether a frame that came back is that of a token that is not too old, also if the driver has put padding behind it.
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

    /// The token of the oldest frame since the last failure that came back as this one.
    private func firstToken(returnedAs frame: Span<UInt8>) -> Token? {
        var token = max(first, next &- min(next &- 1, UInt64(entries.count)))
        while token <= latest {
            if isReturned(token, as: frame) { return token }
            token &+= 1
        }
        return nil
    }

    private func lastToken(upTo last: Token, returnedAs frame: Span<UInt8>) -> Token? {
        let oldest = next &- min(next &- 1, UInt64(entries.count))
        var token = last
        while token >= oldest {
            if isReturned(token, as: frame) { return token }
            token &-= 1
        }
        return nil
    }

    /// Whether a key may be that of the frame with the witness; learns the distance where that is not known.
    private mutating func agrees(_ key: UInt32, with token: Token) -> Bool {
        // What was sent before a failure cannot be judged.
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

/// The part of a frame that tells it from others, as a number.
@usableFromInline
struct FrameWitness: BitwiseCopyable, Sendable {
    /// The offset of eight bytes; `hashed` for a hash of the frame's beginning.
    @usableFromInline let offset: UInt32

    @inlinable static var hashed: UInt32 { .max }
    @inlinable static var hashedLength: Int { 128 }

    @inlinable @inline(__always)
    init(offset: Int?) { self.offset = offset.map { UInt32(truncatingIfNeeded: $0) } ?? Self.hashed }

    /// The witness of the frame that `length` bytes are from `start` on, all of which must be there.
    @inlinable @inline(__always)
    func value(of bytes: Span<UInt8>, from start: Int, length: Int) -> UInt64 {
        if Int(offset) &+ 8 <= length { return bytes.value(at: start &+ Int(offset), as: UInt64.self) }
        return hash(bytes.extracting(start..<start &+ min(Self.hashedLength, length)))
    }

    /// A hash of the witness: each word is multiplied into 128 bits, whose halves are then added without carries.
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
