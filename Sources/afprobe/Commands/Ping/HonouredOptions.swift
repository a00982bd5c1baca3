import AFPacketKit

extension PingProtocolName {
    /// The options that it honours, of those that not every protocol does.
    fileprivate var honoured: Set<String> {
        switch self {
        case .afprobe:
            [
                "--ethertype", "--vlan", "--ptp", "--qdisc-bypass", "--udp", "--dst-addr", "--src-addr",
                "--src-port",
                "--dst-port", "--pcap", "--synchronised", "--size", "-4", "-6",
            ]
        case .icmp: ["--src-addr", "--dscp", "--ttl", "--df", "--size", "-4", "-6"]
        case .ntp: ["--src-addr", "--dscp", "--ttl", "--df", "--dst-port", "-4", "-6"]
        case .arp, .ndp: ["--vlan", "--qdisc-bypass", "--src-addr", "--pcap", "--size"]
        case .pdelay, .delay:
            [
                "--vlan", "--qdisc-bypass", "--pcap", "--size", "--domain", "--ptp-profile", "--force", "-4",
                "-6",
            ]
        }
    }
}

/// A protocol by its name, or by another one in use.
func parseProtocolName(_ text: String) throws(ValueError) -> PingProtocolName {
    let name = text.lowercased()
    switch name {
    case "icmp4", "icmpv4", "icmp6", "icmpv6", "ping", "echo": return .icmp
    case "arping": return .arp
    case "ptp", "1588", "gptp":
        throw ValueError(
            "pdelay, which the next PTP device of the link answers, or delay, which any PTP host may answer")
    default: return try choiceParser(PingProtocolName.self)(name)
    }
}

extension PingOptions {
    /// Rejects the options that a protocol does not honour, by their names.
    func checkHonoured(by name: PingProtocolName) throws(ArgumentError) {
        if let wantsVersion4, name.honoured.contains("-4") {
            switch target {
            case .station(let address)?:
                throw .mistake("\(address) is a MAC address", remedy: "leave -4 or -6 out")
            case nil where name == .pdelay:
                throw .mistake(
                    "Option \(wantsVersion4 ? "-4" : "-6") has no meaning without a target",
                    remedy: "leave it out, or name a host of the link")
            default: break
            }
        }
        let given: [(Bool, String)] = [
            (traffic.etherType != nil, "--ethertype"), (traffic.vlan != nil, "--vlan"),
            (traffic.isPTP, "--ptp"),
            (traffic.bypassesQdisc, "--qdisc-bypass"), (traffic.usesUDP, "--udp"),
            (traffic.destinationAddress != nil, "--dst-addr"), (traffic.sourceAddress != nil, "--src-addr"),
            (traffic.sourcePort != nil, "--src-port"), (traffic.destinationPort != nil, "--dst-port"),
            (traffic.captureFile != nil, "--pcap"), (isSynchronised, "--synchronised"),
            (traffic.size != nil, "--size"),
            (givenCodePoint != nil, "--dscp"), (internet.hopLimit != nil, "--ttl"),
            (internet.forbidsFragments, "--df"),
            (wantsVersion4 == true, "-4"), (wantsVersion4 == false, "-6"), (domain != nil, "--domain"),
            (profile != nil, "--ptp-profile"), (isForced, "--force"),
        ]
        guard let (_, option) = given.first(where: { $0.0 && !name.honoured.contains($0.1) }) else { return }
        let others = PingProtocolName.allCases.filter { $0.honoured.contains(option) }.map(\.rawValue)
        throw .mistake(
            "Option \(option) has no meaning with the protocol \(name.rawValue)",
            remedy: "leave it out, or choose another protocol: --protocol \(others.joined(separator: "|"))")
    }

    /// The protocol: as given, or by the kind of the target.
    var chosenProtocol: PingProtocolName {
        if let givenProtocol { return givenProtocol }
        switch target {
        case .station?, nil: return .afprobe
        case .address?, .name?: return .icmp
        }
    }
}
