import AFPacketKit

// Advice to the user about the system and its interfaces; RunFailures.swift and PrivilegeAdvice.swift have the rest.

extension Failure {
    /// A failed system call. `goal` names the purpose, e.g. "Cannot receive on eth0".
    init(_ goal: String, _ error: SystemError, interface: NetworkInterface? = nil) {
        self = .refused(goal, reason: error.description, hint: advice(for: error, on: interface?.name))
    }

    /// A failure of libpcap, for an option that needs it.
    static func pcap(_ error: PcapError, of option: String, _ message: String, status: ExitStatus) -> Failure
    {
        switch error {
        case .libraryMissing(let reason):
            .refused(
                "Option \(option) needs libpcap, which cannot be loaded", reason: reason,
                hint: "install it: apt-get install libpcap0.8")
        case .unreadable(let reason): Failure(status: status, message: message, reason: reason)
        case .rejected(let reason), .tooLong(let reason):
            Failure(status: status, message: message, reason: reason, hint: hint(for: option))
        }
    }

    private static func hint(for option: String) -> String? {
        switch option {
        case "--filter": "see pcap-filter(7)"
        case "--read":
            "it takes a pcap or pcapng file, not compressed, of an Ethernet interface: tcpdump -i IF -w FILE"
        default: nil
        }
    }

    static func noInterface(_ name: String, _ error: SystemError) -> Failure {
        guard error.code == .noSuchDevice else {
            return Failure("Cannot look up interface \(name)", error)
        }
        let names = (try? NetworkInterface.names()) ?? []
        let others = names.filter { $0 != "lo" }
        let hint =
            others.isEmpty
            ? "this network namespace has no interface but the loopback; make one or enter another: "
                + "ip netns exec NAME afprobe …"
            : "there are: \(others.joined(separator: ", "))"
        return .refused("There is no interface \(name)", reason: "\(error.code)", hint: hint)
    }

    /// An interface that does not carry Ethernet frames.
    static func notEthernet(_ interface: NetworkInterface) -> Failure {
        let kind =
            interface.isLoopback
            ? "it is the loopback" : "its hardware type is \(interface.hardwareType), not 1"
        return .refused(
            "Interface \(interface.name) is not an Ethernet interface", reason: kind,
            hint: insteadOfFrames(on: interface))
    }

    /// The commands that work on an interface without Ethernet frames.
    private static func insteadOfFrames(on interface: NetworkInterface) -> String {
        if interface.isLoopback {
            return
                "this host answers by IP: afprobe ping 127.0.0.1; afprobe itself is measured by: afprobe ping --self"
        }
        let addresses = (try? interface.interfaceAddresses()) ?? []
        return addresses.isEmpty
            ? "for frames within this host use a veth pair: ip link add veth0 type veth peer name veth1"
            : "hosts behind it are reached by IP: afprobe ping -i \(interface.name) ADDRESS"
    }

    /// The system gives no memory, at the start of a run. The lease on a NIC's setting cannot be ended.
    static func outOfMemory(_ bytes: Int) -> Failure {
        .refused(
            "Cannot allocate \(bytes) bytes of memory", reason: "\(ErrorCode.outOfMemory)",
            hint: "raise the limit (ulimit -v); if a NIC's setting was changed, the next run restores it")
    }

    /// There is no setting that a killed run is known to have changed.
    static func nothingToRestore(on interface: NetworkInterface, usedBy users: [ProcessIdentity?]) -> Failure
    {
        if let user = users.first {
            return .refused(
                "Cannot restore interface \(interface.name)",
                reason: "\(description(of: user)) uses its hardware timestamping",
                hint: "it restores the setting itself at its end")
        }
        return .refused(
            "No afprobe that was killed is known to have changed interface \(interface.name)",
            hint: "notes of changes need a folder /run/afprobe; else name a setting: --tx off --rx none")
    }

    static func isDown(_ interface: NetworkInterface) -> Failure {
        .refused(
            "Interface \(interface.name) is down", reason: "\(ErrorCode.networkDown)",
            hint: "set it up: ip link set \(interface.name) up")
    }
}

/// The meaning of an error of the network.
func deliveryAdvice(_ error: NetworkError) -> String? {
    switch error.detail {
    case .timeExceeded:
        return "the time to live was used up on the way: give a greater --ttl, or look for a loop"
    case .prohibited: return "a router or the host forbids it"
    case .none: break
    }
    return switch error.code {
    case .connectionRefused: "the host is reachable, and no program there listens on this port"
    case .hostUnreachable:
        "no host of the link has the address (see ip neighbour), or a router cannot reach it"
    case .networkUnreachable: "a router has no route to it"
    case .accessDenied: "a firewall forbids it"
    case .messageTooLong:
        "a link on the way takes no frames of this length: give a smaller --size; with --df, no router or host "
            + "divides them"
    default: nil
    }
}

func advice(for diagnostic: Diagnostic) -> String? {
    switch diagnostic {
    case .noCarrier: "check the cable, or set the peer of the veth pair up"
    case .bridge(_, let ports):
        "use one of them: \(ports.joined(separator: ", ")); what they can stamp is shown by: afprobe hwstamp "
            + ports.joined(separator: " ")
    case .linkDown(let name): "set it up: ip link set \(name) up"
    case .carrierLost, .carrierFlapped: "check the cable and the other end"
    case .addressChanged(_, _, _, isFollowed: true): "this run goes on under the new one"
    case .addressChanged: "this run goes on with the old one, to which answers may not come; start it again"
    case .clockChanged: "stamps of two clocks are not compared; another run takes those of the new port"
    case .framesDropped: "send more slowly; see tc -s qdisc, and the MTU of both ends"
    case .noLaunchQdisc(let name, _):
        "set one up: tc qdisc replace dev \(name) root etf clockid CLOCK_TAI delta 200000"
    case .portNotGuarded: "where nobody else listens, the kernel answers by ICMP port unreachable"
    case .timestampingAbandoned(let name, _, let setting):
        "once it has ended, " + settingAdvice(name, setting)
    case .timestampingLeftToPTP(let name, let setting): settingAdvice(name, setting)
    case .timestampingGone(_, let setting):
        "if it is in another network namespace now, there: " + settingCommand("IF", setting)
    case .timestampingSetDuringRun:
        "it may lose stamps now; if it needs just this setting, it restores the one before at its end"
    case .timestampingLeftOn(let name, _):
        "to restore it: afprobe hwstamp-config --restore \(name)"
    case .wayChanged(_, _, _, isFollowed: true): "requests take it"
    case .wayChanged: "this run goes on with the old one; start it again"
    case .undeliverable(_, let error): deliveryAdvice(error)
    case .redirected(let peer):
        "it forwards them, and names a router that is nearer; see: ip route get \(peer)"
    case .transmitStampsLeft: "to share them all the same: --hardware on"
    case .transmitStampsShared: "leave them to it: --hardware auto, or off"
    case .requestRefused(.destination(let address)): "to answer them: --address \(address)"
    case .requestRefused(.source): "to answer hosts beyond the link: --allow-routed"
    case .otherForm(let form, let taken): advice(for: form, taken)
    case .otherResponder: "it was restarted; or two hosts have this address"
    case .implausibleTurnaround:
        "such replies have no turnaround here; is its clock or its NIC's set meanwhile?"
    default: nil
    }
}

/// The way out if the setting of a device cannot be leased.
func advice(for error: TimestampingLeaseError) -> String? {
    switch error {
    case .system: nil
    case .busy(nil): "try again; a change takes some milliseconds"
    case .busy(let process?):
        "try again; a change takes some milliseconds. If it lasts, end that process: kill \(process.process)"
    case .elsewhere: "change the setting there: afprobe hwstamp-config IF --tx on --rx FILTER"
    case .bondWithoutActivePort(let name), .bridge(let name): portAdvice(name)
    }
}

/// The ports to use instead of an interface; nil if it has none.
private func knownPortAdvice(_ name: String) -> String? {
    guard let interface = try? NetworkInterface(named: name), let ports = try? interface.ports(),
        !ports.isEmpty
    else { return nil }
    return "use one of its ports: \(ports.joined(separator: ", "))"
}

private func portAdvice(_ name: String) -> String {
    knownPortAdvice(name) ?? "use one of its ports; they are shown by: ip link show master \(name)"
}

/// The command that puts a setting in force.
private func settingCommand(_ name: String, _ setting: HardwareTimestampingSetting) -> String {
    "afprobe hwstamp-config \(name) --tx \(setting.transmitType) --rx \(setting.receiveFilter)"
}

func settingAdvice(_ name: String, _ setting: HardwareTimestampingSetting) -> String {
    "to restore it: " + settingCommand(name, setting)
}

/// The remedy for frames that a NIC does not stamp: perhaps another shape.
func shapeAdvice(_ interface: NetworkInterface) -> String {
    let capabilities = (try? interface.timestampingCapabilities()) ?? nil
    let stampsPTP = capabilities?.receiveFilters.contains(where: \.isForPTP) ?? false
    let general = capabilityAdvice(interface)
    return stampsPTP
        ? "its NIC stamps PTP messages: shape the probes so, by --ptp on both hosts; \(general)" : general
}

/// The command that shows an interface's capabilities.
func capabilityAdvice(_ interface: NetworkInterface) -> String {
    "what it can stamp is shown by: afprobe hwstamp \(interface.name)"
}

private func advice(for error: SystemError, on interface: String?) -> String? {
    let name = interface ?? "IF"
    switch error.code {
    case _ where schedulingOperations.contains(error.operation.description):
        return schedulingAdvice(for: error)
    case .notPermitted, .accessDenied:
        return missingCapabilityAdvice(for: error)
    case .networkDown: return "set it up: ip link set \(name) up"
    case .noSuchFile where error.operation.description == "open(/proc/net/unix)":
        return "runs that share a NIC see each other there, or by the kernel's module unix_diag; "
            + "change the setting for good: afprobe hwstamp-config \(name) --tx on --rx FILTER"
    case .noSuchDevice, .noSuchAddress: return "the interface has gone; ip link shows those there are"
    case .messageTooLong: return "use a smaller --size, or raise the MTU: ip link set \(name) mtu N"
    case .notSupported:
        if let advice = interface.flatMap(knownPortAdvice) { return advice }
        return "what the interface can stamp is shown by: afprobe hwstamp \(name)"
    case .notImplemented: return netlinkAdvice(for: error)
    case .outOfMemory where error.operation.description == "PACKET_RX_RING":
        return "the kernel has no 64 MiB to spare; listen without --ring"
    case .outOfRange: return "what the NIC can be set to is shown by: afprobe hwstamp \(name)"
    default: return nil
    }
}

/// The remedy if the kernel lacks a request that was to use netlink only.
private func netlinkAdvice(for error: SystemError) -> String? {
    let version: String
    switch error.operation.description {
    case "ETHTOOL_MSG_TSINFO_GET": version = "5.6"
    case "ETHTOOL_MSG_TSCONFIG_GET", "ETHTOOL_MSG_TSCONFIG_SET": version = "6.14"
    default: return nil
    }
    return "this needs Linux \(version) with CONFIG_ETHTOOL_NETLINK; --via auto asks by ioctl instead"
}
