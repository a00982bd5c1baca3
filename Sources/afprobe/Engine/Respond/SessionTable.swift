import AFPacketKit

/// A fixed number of sessions of a responder. The one that was silent longest makes room for a new one.
struct SessionTable {
    struct Session {
        fileprivate var identifier: UInt64 = 0
        fileprivate var peer = MACAddress.zero
        fileprivate var lastUsed: UInt64 = 0
        /// The highest number received, and the set of those received among the 64 up to it: the lowest bit is the
        /// highest number.
        private var highest: UInt64 = 0
        private var seen: UInt64 = 0
        private(set) var requests: UInt32 = 0
        private(set) var duplicates: UInt32 = 0
        private var replies: UInt32 = 0
        private var suppressed: UInt32 = 0
        private(set) var refused: UInt16 = 0
        /// Differs from that of another session that had its place, or of itself before it lost its place.
        fileprivate var generation: UInt16 = 0

        fileprivate func isOf(_ identifier: UInt64, _ peer: MACAddress) -> Bool {
            self.identifier == identifier && self.peer == peer && lastUsed != 0
        }

        /// Counts a request. One more than 63 behind the highest counts as a duplicate, because it cannot be told from
        /// one.
        mutating func count(_ number: UInt64) {
            if number > highest {
                let distance = number - highest
                seen = distance < 64 ? seen << distance | 1 : 1
                highest = number
                requests &+= 1
                return
            }
            let behind = highest - number
            let bit: UInt64 = behind < 64 ? 1 << behind : 0
            if bit == 0 || seen & bit != 0 {
                duplicates &+= 1
            } else {
                seen |= bit
                requests &+= 1
            }
        }

        /// Counts a request and whether it is answered.
        mutating func count(_ number: UInt64, isAnswered: Bool) {
            count(number)
            if isAnswered { replies &+= 1 } else { suppressed &+= 1 }
        }

        /// Adds the counts to a reply.
        func tell(_ info: inout ResponderInfo) {
            info.requests = requests
            info.duplicates = duplicates
            info.replies = replies
            info.suppressed = suppressed
            info.generation = generation
        }

        /// Counts a reply that could not be sent, and was counted as one.
        mutating func refuseReply() {
            replies &-= 1
            refused &+= 1
        }
    }

    /// Inline, without memory of its own.
    private var sessions = InlineArray<64, Session>(repeating: Session())
    private let capacity: Int
    private var clock: UInt64 = 0
    /// The number of sessions added so far, modulo 65,535, from 1.
    private var generation: UInt16 = 0
    /// The index that was asked for last.
    private var latest = 0

    /// - Parameter capacity: the maximum number of sessions, up to 64.
    init(capacity: Int = 64) { self.capacity = min(capacity, sessions.count) }

    /// The index of a session, which is added if it is new.
    mutating func index(of identifier: UInt64, from peer: MACAddress) -> Int {
        // Most requests are of the same session as the last.
        if !sessions[latest].isOf(identifier, peer) { latest = search(identifier, peer) }
        clock += 1
        sessions[latest].lastUsed = clock
        return latest
    }

    private mutating func search(_ identifier: UInt64, _ peer: MACAddress) -> Int {
        var oldest = 0
        for index in 0..<capacity {
            if sessions[index].isOf(identifier, peer) { return index }
            if sessions[index].lastUsed < sessions[oldest].lastUsed { oldest = index }
        }
        sessions[oldest] = Session()
        sessions[oldest].identifier = identifier
        sessions[oldest].peer = peer
        generation = generation == .max ? 1 : generation + 1
        sessions[oldest].generation = generation
        return oldest
    }

    subscript(index: Int) -> Session {
        _read { yield sessions[index] }
        _modify { yield &sessions[index] }
    }
}
