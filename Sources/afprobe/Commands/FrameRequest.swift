import AFPacketKit

/// The frames that the options ask for, as far as known without the interface. Wrong combinations are found here.
struct FrameRequest {
    private let traffic: TrafficOptions
    private let destination: MACAddress
    private let messageLength: Int

    /// - Parameter messageLength: the length of the message that each frame must hold.
    init(_ traffic: TrafficOptions, to destination: MACAddress, messageLength: Int) throws(Failure) {
        self.traffic = traffic
        self.destination = destination
        self.messageLength = messageLength
        if let source = traffic.sourceAddress, source.isGroup {
            throw .usage("Invalid value '\(source)' for --src-addr", hint: "expected one host's address")
        }
        if let source = traffic.sourceAddress, let destination = traffic.destinationAddress,
            source.isVersion4 != destination.isVersion4
        {
            throw .usage(
                "--src-addr \(source) and --dst-addr \(destination) are of different IP versions",
                hint: "give both as IPv4 or both as IPv6")
        }
        let smallest = draft.smallestSize(forPayload: messageLength)
        if let size = traffic.size, size < smallest {
            throw .sizeTooSmall(size, smallest: smallest)
        }
    }

    /// The shape with the right lengths; addresses are filled in later.
    private var draft: FrameShape {
        let carrier: FrameShape.Carrier =
            switch traffic.destinationAddress {
            case .v4 where traffic.usesUDP:
                .udp4(flow(from: IPv4Address(0), to: IPv4Address(0)))
            case .v6 where traffic.usesUDP:
                .udp6(flow(from: IPv6Address(high: 0, low: 0), to: IPv6Address(high: 0, low: 0)))
            default: .ethernet(traffic.effectiveEtherType)
            }
        return FrameShape(
            destination: destination, source: .zero, vlan: traffic.vlan, carrier: carrier,
            ptp: traffic.isPTP ? .enclosed : .none)
    }

    /// The frames' shape and size on an interface.
    ///
    /// - Parameter source: the source MAC address; nil for the interface's own.
    func shape(
        on interface: NetworkInterface, source: MACAddress? = nil
    ) throws(Failure) -> (shape: FrameShape, size: Int) {
        var shape = draft
        shape.source = source ?? interface.address
        if traffic.usesUDP, let destination = traffic.destinationAddress {
            switch try sourceAddress(on: interface, for: destination) {
            case (.v4(let source), .v4(let destination)):
                shape.carrier = .udp4(flow(from: source, to: destination))
            case (.v6(let source), .v6(let destination)):
                shape.carrier = .udp6(flow(from: source, to: destination))
            default: break  // the two are of one version
            }
        }
        let size = traffic.size ?? shape.smallestSize(forPayload: messageLength)
        let largest = shape.largestSize(mtu: interface.mtu)
        guard size <= largest else { throw .sizeTooLarge(size, largest: largest, on: interface) }
        return (shape, size)
    }

    private func flow<Address>(from source: Address, to destination: Address) -> UDPFlow<Address> {
        UDPFlow(
            source: source, sourcePort: traffic.effectiveSourcePort,
            destination: destination,
            destinationPort: traffic.effectiveDestinationPort)
    }

    /// The source and destination addresses; the default source is the interface's address that fits the destination
    /// best.
    private func sourceAddress(
        on interface: NetworkInterface, for destination: IPAddress
    ) throws(Failure) -> (IPAddress, IPAddress) {
        if let source = traffic.sourceAddress { return (source, destination) }
        let addresses: [IPAddress]
        do throws(SystemError) { addresses = try interface.interfaceAddresses().map(\.own) } catch {
            throw Failure("Cannot read the addresses of interface \(interface.name)", error)
        }
        let fitting = addresses.filter { $0.isVersion4 == destination.isVersion4 }
        let sameScope = fitting.first { $0.isLinkLocal == destination.isLinkLocal }
        guard let source = sameScope ?? fitting.first else {
            throw .noAddress(destination.isVersion4 ? "IPv4" : "IPv6", on: interface)
        }
        return (source, destination)
    }
}

extension Failure {
    /// A size below that of the headers and the message.
    ///
    /// - Parameter payload: the size that ping(8) would mean, which counts the payload alone.
    static func sizeTooSmall(_ size: Int, smallest: Int, ofPayload payload: Int? = nil) -> Failure {
        let other = payload.map { "; ping's -s \(size) is -s \($0) here" } ?? ""
        return .usage(
            "Size \(size) is too small for these frames",
            hint: "the smallest is \(smallest): a size counts the whole frame, its headers included\(other)")
    }
}

extension TrafficOptions {
    /// Rejects options that need --udp, or exclude it.
    ///
    /// - Parameter needsDestination: whether datagrams are sent to a host of which the MAC address alone is known.
    func checkUDPOptions(needsDestination: Bool = false) throws(ArgumentError) {
        if etherType != nil, usesUDP || isPTP { throw .excluded("--ethertype", usesUDP ? "--udp" : "--ptp") }
        let given: [(Bool, String)] = [
            (sourceAddress != nil, "--src-addr"), (destinationAddress != nil, "--dst-addr"),
            (sourcePort != nil, "--src-port"), (destinationPort != nil, "--dst-port"),
        ]
        if !usesUDP, let (_, option) = given.first(where: \.0) {
            throw .meaningless(option, without: "--udp")
        }
        if needsDestination, usesUDP, destinationAddress == nil {
            throw .missingOption(OptionSpec<SendOptions>.destinationAddress.description)
        }
    }
}
