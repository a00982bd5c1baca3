import AFPacketKit

struct ReceiveLine: LineWritable {
    let number: UInt64
    let kind: ProbeMessage.Kind
    let source: MACAddress
    let destination: MACAddress
    let vlan: VLANTag?
    /// The length of the frame on the wire without the FCS.
    let size: Int
    let software: Timestamp?
    let hardware: Timestamp?
    let userspace: Timestamp
    /// The name of the clock of the hardware stamps.
    let clock: String?
    /// The reason for a missing hardware stamp; nil if there is one or none was requested.
    let missingHardware: MissingReason?

    init(_ probe: borrowing ReceivedProbe, clock: String?, missingHardware: MissingReason?) {
        (number, kind) = (probe.message.number, probe.message.kind)
        (source, destination, vlan) = (probe.shape.source, probe.shape.destination, probe.shape.vlan)
        size = probe.size
        (software, hardware) = (probe.ancillary.software, probe.ancillary.hardware)
        userspace = probe.userspace
        self.clock = clock
        self.missingHardware = missingHardware
    }

    var level: Level { .info }
    var isOfReference: Bool { true }
    var message: String { "RX Recvmsg" }

    func write(to line: inout Line, in context: LineContext) {
        let isDetailed = context.isDetailed
        line.duration("delay", software.map { $0 - userspace })
        if isDetailed { line.address("from", source) }
        line.stamp("hardware", hardware, clock: clock, namesClock: isDetailed)
        if isDetailed {
            line.string("interface", context.interface)
            line.string("kind", kind.name)
            line.string("missing_hardware", missingHardware?.text)
            line.integer("pcp", vlan.map { Int64($0.priority) })
        }
        line.integer("probe", number)
        if isDetailed { line.integer("size", UInt64(size)) }
        line.stamp("software", software)
        if isDetailed { line.address("to", destination) }
        line.stamp("userspace", userspace)
        if isDetailed { line.integer("vlan", vlan.map { Int64($0.identifier) }) }
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
