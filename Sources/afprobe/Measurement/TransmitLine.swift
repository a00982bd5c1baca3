import AFPacketKit

/// Why a frame lacks a stamp; nil where it does not, or where nobody asks.
struct MissingReasons {
    var hardware: String?
    var software: String?
    var scheduled: String?
}

/// The line of a probe that was sent.
struct TransmitLine: LineWritable {
    let number: UInt64
    let stamps: TransmitStamps
    let shape: FrameShape
    let size: Int
    /// The name of the clock of the hardware stamps.
    let clock: String?
    let missing: MissingReasons

    var level: Level { .info }
    var message: String { "TX Recvmsg" }

    func write(to line: inout Line, isDetailed: Bool) {
        if isDetailed { line.address("from", shape.source) }
        line.stamp("hardware", stamps.hardware, clock: clock, namesClock: isDetailed)
        if isDetailed {
            line.string("missing_hardware", missing.hardware)
            line.string("missing_scheduled", missing.scheduled)
            line.string("missing_software", missing.software)
            line.integer("pcp", shape.vlan.map { Int64($0.priority) })
        }
        line.integer("probe", number)
        if isDetailed {
            line.integer("scheduled_ns", stamps.scheduled?.nanoseconds)
            line.integer("size", UInt64(size))
        }
        line.stamp("software", stamps.software)
        if isDetailed {
            line.address("to", shape.destination)
            line.integer("userspace_ns", stamps.userspace?.nanoseconds)
            line.integer("vlan", shape.vlan.map { Int64($0.identifier) })
        }
    }
}
