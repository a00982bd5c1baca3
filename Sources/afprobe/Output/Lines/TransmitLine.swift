import AFPacketKit

struct TransmitLine: LineWritable {
    let frame: SentFrame

    var level: Level { .info }
    var isOfReference: Bool { true }
    var message: String { "TX Recvmsg" }

    func write(to line: inout Line, in context: LineContext) {
        let isDetailed = context.isDetailed
        let (shape, stamps, missing) = (frame.shape, frame.stamps, frame.missing)
        if isDetailed { line.address("from", shape.source) }
        line.stamp("hardware", stamps.hardware, clock: frame.clock, namesClock: isDetailed)
        if isDetailed {
            line.string("interface", context.interface)
            line.string("missing_hardware", missing.hardware?.text)
            line.string("missing_scheduled", missing.scheduled?.text)
            line.string("missing_software", missing.software?.text)
            line.integer("pcp", shape.vlan.map { Int64($0.priority) })
        }
        line.integer("probe", frame.number)
        if isDetailed {
            line.integer("scheduled_ns", stamps.scheduled?.nanoseconds)
            line.integer("size", UInt64(frame.size))
        }
        line.stamp("software", stamps.software)
        if isDetailed {
            line.address("to", shape.destination)
            line.integer("userspace_ns", stamps.userspace?.nanoseconds)
            line.integer("vlan", shape.vlan.map { Int64($0.identifier) })
        }
    }
}
