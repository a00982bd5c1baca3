import AFPacketKit

/// The sessions that a responder knows: a fixed number of them, the one that has been silent longest making room for a
/// new one.
struct SessionTable {
    struct Session {
        fileprivate var identifier: UInt64 = 0
        fileprivate var peer = MACAddress.zero
        fileprivate var lastUsed: UInt64 = 0
        /// The highest number received, and which of the 64 up to it were: the lowest bit is the highest.
        private var highest: UInt64 = 0
        private var seen: UInt64 = 0
        private(set) var requests: UInt32 = 0
        private(set) var duplicates: UInt32 = 0
        private var replies: UInt32 = 0
        private var suppressed: UInt32 = 0

        /// Whether it is a station's session of that identifier.
        fileprivate func isOf(_ identifier: UInt64, _ peer: MACAddress) -> Bool {
            self.identifier == identifier && self.peer == peer && lastUsed != 0
        }

        /// Counts the arrival of a request. One that is more than 63 behind cannot be told from one that
        /// came before, and counts as such.
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
        }

        /// Takes note that a reply could not be sent.
        mutating func loseReply() { replies &-= 1 }
    }

    /// In place: no memory of its own has to be looked after.
    private var sessions = InlineArray<64, Session>(repeating: Session())
    /// How many of the places are used.
    private let capacity: Int
    private var clock: UInt64 = 0
    /// The place that was asked for last.
    private var latest = 0

    /// - Parameter capacity: how many sessions are known at a time, at most 64.
    init(capacity: Int = 64) { self.capacity = min(capacity, sessions.count) }

    /// The place of a session, which is made if it is new.
    mutating func index(of identifier: UInt64, from peer: MACAddress) -> Int {
        // Most requests are of the session that the last one was of.
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
        return oldest
    }

    subscript(index: Int) -> Session {
        _read { yield sessions[index] }
        _modify { yield &sessions[index] }
    }
}
