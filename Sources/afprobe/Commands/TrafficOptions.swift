import AFPacketKit

struct TrafficOptions {
    var interface = ""
    var count: UInt64?
    var deadline: Int64?
    /// nil if not given.
    var givenInterval: Int64?
    var timeout: Int64 = 1_000_000_000
    var warmup: UInt64 = 0
    var spins = false
    var scheduling = CPUSchedulingOptions()

    var size: Int?
    var etherType: EtherType?
    var vlan: VLANTag?
    var priority: Int?
    var bypassesQdisc = false
    var usesUDP = false
    var sourceAddress: IPAddress?
    var destinationAddress: IPAddress?
    var sourcePort: UInt16?
    var destinationPort: UInt16?
    var isPTP = false

    var hardware = HardwareMode.auto
    var captureFile: String?
    /// Nanoseconds between the figures of two intervals; nil if not given.
    var statisticsInterval: Int64?
    var output = OutputOptions()

    // MARK: Derived values

    var interval: Int64 { givenInterval ?? 1_000_000_000 }

    var effectiveEtherType: EtherType {
        isPTP ? PTPHeader.etherType : etherType ?? .localExperimental1
    }

    var effectiveSourcePort: UInt16 { sourcePort ?? (isPTP ? PTPHeader.eventPort : 60_000) }
    var effectiveDestinationPort: UInt16 { destinationPort ?? (isPTP ? PTPHeader.eventPort : 61_000) }

    /// The carrier of the probes.
    var carrier: ProbeCarrier {
        usesUDP ? .datagrams(port: effectiveDestinationPort) : .frames(effectiveEtherType)
    }

    /// The receive filters by which a NIC stamps frames of this shape, the narrowest first.
    var receiveFilters: [ReceiveFilter] {
        // Over UDP, the port makes a PTP event message.
        guard isPTP, !usesUDP || effectiveDestinationPort == PTPHeader.eventPort else { return [.everything] }
        return usesUDP ? .delayRequestsOverUDP : .delayRequestsOverEthernet
    }

    func transmitOptions(_ stamps: TransmitOptions.Stamps) -> TransmitOptions {
        TransmitOptions(stamps: stamps, priority: priority, bypassesQdisc: bypassesQdisc)
    }
}

protocol HasTraffic: CommandOptions {
    var traffic: TrafficOptions { get set }
}

extension HasTraffic {
    var output: OutputOptions {
        get { traffic.output }
        set { traffic.output = newValue }
    }
}

/// Options that select how to request the NIC's setting.
protocol HasControlPath {
    var path: ControlPath { get set }
}

extension OutputOptions {
    /// Rejects colours where there are none.
    func check() throws(Failure) {
        guard let format, format != .text, color == .always else { return }
        throw .usage(
            "--color always and --format \(format.rawValue) exclude each other",
            hint: "the text format alone has colours; leave one of them out")
    }
}
