import AFPacketKit

/// Counts of the probes that a run of `listen` received.
struct ReceiveTally {
    private(set) var probes: UInt64 = 0
    private(set) var stampedSoftware: UInt64 = 0
    private(set) var stampedHardware: UInt64 = 0
    private let limit: UInt64

    /// - Parameter limit: the number of probes wanted; nil for no end.
    init(upTo limit: UInt64?) { self.limit = limit ?? .max }

    var isComplete: Bool { probes >= limit }

    var missingSoftware: UInt64 { probes - stampedSoftware }
    var missingHardware: UInt64 { probes - stampedHardware }

    /// Counts a probe by its stamps.
    mutating func count(_ stamps: Ancillary) {
        probes &+= 1
        stampedSoftware &+= stamps.software == nil ? 0 : 1
        stampedHardware &+= stamps.hardware == nil ? 0 : 1
    }
}
