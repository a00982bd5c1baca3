import AFPacketKit

/// How the result compares with the claim.
enum StampVerdict: String {
    /// Claimed, and every frame stamped.
    case kept
    /// Claimed, and some frames not stamped.
    case partly
    /// Claimed, and no frame stamped.
    case broken
    /// Stamped without a claim.
    case unclaimed
    /// Neither claimed nor stamped.
    case none
    /// No frame came, so that nothing can be said.
    case unknown
}

/// The frames that arrived, or the answers to them.
struct Arrivals {
    private(set) var count = 0
    private(set) var software = 0
    private(set) var hardware = 0
    private(set) var followUps = 0
    /// Of the answers, those that say that the peer stamped what it received, and what it sent.
    private(set) var peer = (
        receivedSoftware: 0, receivedHardware: 0, sentSoftware: 0, sentHardware: 0
    )

    mutating func count(_ probe: ReceivedProbe) {
        let report = probe.message.report
        if probe.message.kind == .followUp {
            followUps += 1
            if report[.sentSoftware] != nil { peer.sentSoftware += 1 }
            if report[.sentHardware] != nil { peer.sentHardware += 1 }
            return
        }
        count += 1
        if probe.ancillary.software != nil { software += 1 }
        if probe.ancillary.hardware != nil { hardware += 1 }
        if report[.receivedSoftware] != nil { peer.receivedSoftware += 1 }
        if report[.receivedHardware] != nil { peer.receivedHardware += 1 }
    }

    /// Whether nothing more is to come of so many frames.
    func areComplete(_ expected: Int, answers: Bool) -> Bool {
        count >= expected && (!answers || followUps >= expected)
    }
}

/// What a driver says that can be stamped.
struct StampClaims {
    private let capabilities: TimestampingCapabilities?

    init(_ capabilities: TimestampingCapabilities?) { self.capabilities = capabilities }

    var transmitHardware: Bool {
        has(.transmitHardware) && capabilities?.transmitTypes.contains(.on) ?? false
    }
    var transmitSoftware: Bool { has(.transmitSoftware) }
    var receiveSoftware: Bool { has(.receiveSoftware) }

    func receivesHardware(_ shape: TrialShape) -> Bool {
        has(.receiveHardware)
            && shape.receiveFilters.contains { capabilities?.receiveFilters.contains($0) ?? false }
    }

    private func has(_ flag: TimestampingFlags) -> Bool { capabilities?.flags.contains(flag) ?? false }
}

extension Line {
    /// A duration under two keys: for people, in text only, and in nanoseconds.
    mutating func durationTwins(
        _ key: StaticString, _ keyInNanoseconds: StaticString, _ nanoseconds: Int64?
    ) {
        readableDuration(key, nanoseconds)
        integer(keyInNanoseconds, nanoseconds)
    }
}

extension Console {
    /// Writes which stamps a peer says that it has taken.
    mutating func write(_ arrived: Arrivals, of shape: TrialShape, from address: MACAddress) {
        let counts = [
            ("hardware", arrived.peer.receivedHardware, arrived.peer.sentHardware),
            ("software", arrived.peer.receivedSoftware, arrived.peer.sentSoftware),
        ]
        for (kind, received, sent) in counts {
            write(.info, "Verify Peer") { line in
                line.integer("answered", UInt64(arrived.count))
                line.address("peer", address)
                line.integer("received_stamped", UInt64(received))
                line.integer("sent_stamped", UInt64(sent))
                line.string("shape", shape.rawValue)
                line.string("stamp", kind)
            }
        }
    }
}
