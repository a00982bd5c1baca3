import AFPacketKit

/// Counts of the frames that arrived, or of the answers to them.
struct Arrivals {
    private(set) var count = 0
    private(set) var software = 0
    private(set) var hardware = 0
    private(set) var followUps = 0
    /// Answers that carry the peer's own stamps of the request received and the reply sent.
    private(set) var peer = (
        receivedSoftware: 0, receivedHardware: 0, sentSoftware: 0, sentHardware: 0
    )

    mutating func count(_ probe: ReceivedProbe) {
        let info = probe.message.info
        if probe.message.kind == .followUp {
            followUps += 1
            if info[.sentSoftware] != nil { peer.sentSoftware += 1 }
            if info[.sentHardware] != nil { peer.sentHardware += 1 }
            return
        }
        count += 1
        if probe.ancillary.software != nil { software += 1 }
        if probe.ancillary.hardware != nil { hardware += 1 }
        if info[.receivedSoftware] != nil { peer.receivedSoftware += 1 }
        if info[.receivedHardware] != nil { peer.receivedHardware += 1 }
    }

    /// Returns whether all of `expected` frames and, if `answers`, their follow-ups have arrived.
    func areComplete(_ expected: Int, answers: Bool) -> Bool {
        count >= expected && (!answers || followUps >= expected)
    }
}
