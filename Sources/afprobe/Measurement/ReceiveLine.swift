import AFPacketKit

/// The line of a received probe.
struct ReceiveLine: LineWritable {
    let probe: ReceivedProbe
    /// The name of the clock of the hardware stamps.
    let clock: String?
    /// Why there is no hardware stamp; nil where there is, or where nobody asks.
    let missingHardware: String?

    var level: Level { .info }
    var message: String { "RX Recvmsg" }

    func write(to line: inout Line, isDetailed: Bool) {
        let (stamps, userspace) = (probe.ancillary, probe.userspace)
        line.duration("delay", stamps.software.map { $0 - userspace })
        if isDetailed { line.address("from", probe.shape.source) }
        line.stamp("hardware", stamps.hardware, clock: clock, namesClock: isDetailed)
        if isDetailed {
            line.string("kind", probe.message.kind.name)
            line.string("missing_hardware", missingHardware)
            line.integer("pcp", probe.shape.vlan.map { Int64($0.priority) })
        }
        line.integer("probe", probe.message.number)
        if isDetailed { line.integer("size", UInt64(probe.size)) }
        line.stamp("software", stamps.software)
        if isDetailed { line.address("to", probe.shape.destination) }
        line.stamp("userspace", userspace)
        if isDetailed { line.integer("vlan", probe.shape.vlan.map { Int64($0.identifier) }) }
    }
}

extension ProbeMessage.Kind {
    var name: String {
        switch self {
        case .probe: "probe"
        case .request: "request"
        case .reply: "reply"
        case .followUp: "follow-up"
        }
    }
}
