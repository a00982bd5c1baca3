import AFPacketKit

/// The requests whose timeout was over without an answer, so that a late answer is told from a repeated one long after
/// the request has left the window.
///
/// A bit for each of the last 16,777,216 requests: 2 MiB, of which only what is used is taken from the system. At
/// 100,000 requests a second they reach back 167 s. A request that falls out of them is lost for good if it was sent at
/// least `maxLifetime` ago; else what became of it is not known. The send time is kept of the last 65,536 overdue ones.
struct OverdueRequests: ~Copyable {
    /// An overdue request that was answered.
    struct Answered {
        /// Nil if it is not known any more.
        let sentAt: MonotonicTime?
    }

    /// Private, it crashed the compiler's debug build.
    struct SendTime: BitwiseCopyable {
        var number: UInt64 = 0
        var nanoseconds: Int64 = 0
    }

    /// A bit for each number, modulo their count: whether it is overdue.
    private var bits = Slab<UInt64>(zeros: Self.capacity / 64)
    /// For each block of bits, the send time of its last overdue request.
    private var blockTimes = Slab<Int64>(zeros: Self.capacity / Self.blockSize)
    private var sendTimes = Slab<SendTime>(zeros: 65_536)
    /// The highest number added.
    private var highest: UInt64 = 0

    static var capacity: Int { 1 << 24 }
    private static var blockSize: Int { 1 << 14 }
    /// The maximum time of a packet in the network: the maximum segment lifetime of RFC 9293, section 3.4.1.
    private static var maxLifetime: Int64 { 120_000_000_000 }

    /// Adds an overdue request; returns the number of earlier ones that nothing will be known of any more.
    mutating func add(_ number: UInt64, sentAt: MonotonicTime, at now: MonotonicTime) -> UInt64 {
        let forgotten = number > highest ? clear(upTo: number, at: now) : 0
        guard number &+ UInt64(Self.capacity) > highest else { return forgotten }
        bits[wrapping: number / 64] |= 1 << (number % 64)
        blockTimes[wrapping: number / UInt64(Self.blockSize)] = sentAt.nanoseconds
        sendTimes[wrapping: number] = SendTime(number: number, nanoseconds: sentAt.nanoseconds)
        return forgotten
    }

    /// Clears the blocks that the numbers up to this one come to; returns the number of requests in them of which
    /// nothing will be known.
    private mutating func clear(upTo number: UInt64, at now: MonotonicTime) -> UInt64 {
        let (size, blocks) = (UInt64(Self.blockSize), UInt64(blockTimes.count))
        let (last, next) = (highest / size, number / size)
        highest = number
        guard next > last else { return 0 }
        var forgotten: UInt64 = 0
        for block in max(last + 1, next &- min(next, blocks - 1))...next {
            let isLost = now.nanoseconds - blockTimes[wrapping: block] >= Self.maxLifetime
            let words = block * (size / 64)..<(block + 1) * (size / 64)
            for word in words where bits[wrapping: word] != 0 {
                if !isLost { forgotten += UInt64(bits[wrapping: word].nonzeroBitCount) }
                bits[wrapping: word] = 0
            }
        }
        return forgotten
    }

    /// Removes an overdue request, which was answered; nil if it is not overdue.
    mutating func remove(_ number: UInt64) -> Answered? {
        guard number <= highest, isKnown(number), bits[wrapping: number / 64] & 1 << (number % 64) != 0 else {
            return nil
        }
        bits[wrapping: number / 64] &= ~(1 << (number % 64))
        let sent = sendTimes[wrapping: number]
        return Answered(sentAt: sent.number == number ? MonotonicTime(nanoseconds: sent.nanoseconds) : nil)
    }

    /// Returns whether a settled request, if it is not overdue, must have been answered.
    func isKnown(_ number: UInt64) -> Bool {
        let block = UInt64(Self.blockSize)
        return number / block + UInt64(blockTimes.count) > highest / block
    }
}
