import AFPacketKit

// All advice to the user about the system, interfaces and peers.

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
            hint: "for frames within this host use a veth pair: ip link add veth0 type veth peer name veth1")
    }

    /// The system gives no memory, at the start of a run. The lease on a NIC's setting cannot be ended.
    static func outOfMemory(_ bytes: Int) -> Failure {
        .refused(
            "Cannot allocate \(bytes) bytes of memory", reason: "\(ErrorCode.outOfMemory)",
            hint: "raise the limit (ulimit -v); if a NIC's setting was changed, the next run restores it")
    }

    /// A run that ended before it sent a frame to be measured.
    static func nothingSent(on interface: NetworkInterface, afterWarmup warmup: UInt64) -> Failure {
        Failure(
            status: .nothingCame,
            message: warmup > 0
                ? "No frame was sent on interface \(interface.name) after the warm-up"
                : "No frame was sent on interface \(interface.name)",
            hint: "the lines above say why; or the deadline (-w) is too short")
    }

    /// A run without any reply.
    static func noReply(from peer: Peer, _ counts: Counts) -> Failure {
        let hints: [(Counter, String)] = [
            (
                .otherVersion,
                "messages came in another version of the format: install the same version of afprobe there"
            ),
            (.otherVLAN, "answers came in another VLAN: is a switch's port set up for it? See --vlan"),
            (.otherProtocol, "answers came over another protocol: what rewrites the frames on the way?"),
            (.corrupt, "corrupt frames came: see ethtool -S of both NICs, and the cable"),
        ]
        return Failure(
            status: .nothingCame, message: "No reply came from \(peer)",
            hint: hints.first { counts[$0.0] > 0 }?.1
                ?? "does that host run: afprobe listen -i IF? Is it on the same network, VLAN included?")
    }

    /// A run without any answer of another host's program.
    static func noAnswer(
        to name: PingProtocolName, from peer: Peer, _ mismatch: PTPMismatch?
    ) -> Failure {
        let usual =
            switch name {
            case .icmp:
                "is the host up, and does it, or a firewall, drop ICMP echo? On the same link: --protocol arp"
            case .arp, .ndp: "is the host up, and on this link, VLAN included?"
            case .pdelay: "does it run ptp4l, or a bridge of 802.1AS, with the peer delay mechanism (P2P)?"
            case .delay: "does it run ptp4l with net_sync_monitor 1 and hybrid_e2e 1?"
            case .ntp: "does it run an NTP server that answers this host? See its access rules"
            case .afprobe: "does it run afprobe listen?"
            }
        let hint =
            mismatch.map {
                "answers came with --domain \($0.domain) and --ptp-profile "
                    + "\($0.profile == 0 ? PTPProfile.ieee1588.rawValue : PTPProfile.gPTP.rawValue)"
            } ?? usual
        return Failure(status: .nothingCame, message: "No answer came from \(peer)", hint: hint)
    }

    /// A server that wants no more requests.
    static func kissOfDeath(_ code: String, from peer: Peer) -> Failure {
        let hint =
            switch code {
            case "RATE": "it finds the interval too short: give a longer -I"
            case "DENY", "RSTR": "it does not serve this host"
            default: "see RFC 5905, section 7.4"
            }
        return Failure(
            status: .refused, message: "The NTP server \(peer) refuses requests",
            reason: "kiss-o'-death \(code)",
            hint: hint)
    }

    static func isGroup(_ address: MACAddress) -> Failure {
        .usage("\(address) is a group address", hint: "give the MAC address of one host")
    }

    static var missingTarget: Failure {
        .usage(
            "TARGET is missing",
            hint: "give the MAC address, the IP address or the name of a host, as in: afprobe ping 192.0.2.7")
    }

    /// A verification whose witness received nothing.
    static func unwitnessed(
        _ witness: VerificationWitness, from interface: NetworkInterface
    ) -> Failure {
        switch witness {
        case .nobody: Failure(status: .nothingCame, message: "No frame was sent on \(interface.name)")
        case .interface(let other):
            Failure(
                status: .nothingCame, message: "No frame came from \(interface.name) to \(other.name)",
                hint: "are the two cabled together, with no switch in between?")
        case .peer(let address):
            Failure(
                status: .nothingCame, message: "No answer came from \(address)",
                hint: "does that host run: afprobe listen -i IF? Is it on the same network?")
        }
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

/// What an error of the network means.
private func deliveryAdvice(_ error: NetworkError) -> String? {
    switch error.detail {
    case .timeExceeded:
        return "the time to live was used up on the way: give a greater --ttl, or look for a loop"
    case .prohibited: return "a router or the host forbids it"
    case .none: break
    }
    return switch error.code {
    case .connectionRefused: "the host is reachable, and no program of it has this port"
    case .hostUnreachable:
        "no host of the link has the address (see ip neighbour), or a router cannot reach it"
    case .networkUnreachable: "a router has no route to it"
    case .accessDenied: "a firewall forbids it"
    case .messageTooLong:
        "a link on the way takes no frames of this length: give a smaller --size, or no --df"
    default: nil
    }
}

func advice(for diagnostic: Diagnostic) -> String? {
    switch diagnostic {
    case .noCarrier: "check the cable, or set the peer of the veth pair up"
    case .linkDown(let name): "set it up: ip link set \(name) up"
    case .carrierLost: "check the cable and the other end"
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
    case .transmitStampsLeft: "to share them all the same: --hardware on"
    case .transmitStampsShared: "leave them to it: --hardware auto, or off"
    case .requestRefused(.destination(let address)): "to answer them: --address \(address)"
    case .requestRefused(.source): "to answer hosts beyond the link: --allow-routed"
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
    case .bondWithoutActivePort(let name):
        "use one of its ports; they are shown by: ip link show master \(name)"
    case .bridge(let name): "use one of its ports; they are shown by: ip link show master \(name)"
    }
}

/// The command that puts a setting in force.
private func settingCommand(_ name: String, _ setting: HardwareTimestampingSetting) -> String {
    "afprobe hwstamp-config \(name) --tx \(setting.transmitType) --rx \(setting.receiveFilter)"
}

func settingAdvice(_ name: String, _ setting: HardwareTimestampingSetting) -> String {
    "to restore it: " + settingCommand(name, setting)
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
    case .notSupported: return "what the interface can stamp is shown by: afprobe hwstamp \(name)"
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

private func missingCapabilityAdvice(for error: SystemError) -> String? {
    let needed: ThisProcess.Capability
    switch error.operation.description {
    case "socket(AF_PACKET)": needed = .netRaw
    case "SIOCSHWTSTAMP", "SO_TXTIME", "ETHTOOL_MSG_TSCONFIG_SET": needed = .netAdmin
    case "socket(ICMP)":
        return
            "ping sockets are not allowed to this user: sysctl -w net.ipv4.ping_group_range='0 2147483647'; "
            + "or " + missingCapabilityAdvice(for: .netRaw)
    case "socket(AF_NETLINK)", "connect(AF_NETLINK)", "send(AF_NETLINK)":
        return "a sandbox or a security module forbids netlink; --via auto asks by ioctl instead"
    default: return nil
    }
    return missingCapabilityAdvice(for: needed)
}

/// - Parameter others: capabilities to grant besides those of every run.
private func missingCapabilityAdvice(
    for needed: ThisProcess.Capability, granting others: String = "", instead: String = ""
) -> String {
    guard !ThisProcess.has(needed) else {
        return "\(needed.name) is in force, so a security module or another namespace forbids it"
    }
    if let advice = PrivilegedCopy.advice { return "\(needed.name) is missing; \(advice)" }
    let path = ThisProcess.executablePath ?? "afprobe"
    return "\(needed.name) is missing; run it as root, or grant it to the program once: "
        + "sudo setcap cap_net_raw,cap_net_admin\(others)+ep \(path)\(instead)"
}

// MARK: Scheduling

private let schedulingOperations = [
    "sched_setscheduler", "sched_setaffinity", "mlockall", "open(/dev/cpu_dma_latency)",
]

/// The remedy if the kernel refuses CPU scheduling, memory locking or a latency request.
private func schedulingAdvice(for error: SystemError) -> String? {
    let rights = ",cap_sys_nice,cap_ipc_lock"
    switch error.operation.description {
    case "sched_setscheduler":
        return missingCapabilityAdvice(
            for: .sysNice, granting: rights,
            instead: "; up to the limit of ulimit -r, now \(Scheduling.realtimePriorityLimit), anybody may")
    case "mlockall":
        return missingCapabilityAdvice(
            for: .ipcLock, granting: rights, instead: "; or raise the limit: ulimit -l unlimited")
    case "sched_setaffinity":
        guard let allowed = try? Scheduling.allowedCPUs() else { return nil }
        return "this process may run on: \(rangesText(allowed))"
    default:
        return error.code == .noSuchFile
            ? "there is no such device here: idle CPUs may take longer to wake up"
            : "only root may open it: run it as root, or have idle CPUs take longer to wake up"
    }
}

/// Ascending numbers as the kernel writes lists of CPUs: `0-3,8`. cpuset(7)
func rangesText(_ numbers: [Int]) -> String {
    var ranges: [ClosedRange<Int>] = []
    for number in numbers {
        if let last = ranges.last, last.upperBound == number - 1 {
            ranges[ranges.count - 1] = last.lowerBound...number
        } else {
            ranges.append(number...number)
        }
    }
    return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
        .joined(separator: ",")
}

extension ThisProcess.Capability {
    /// The name in capabilities(7).
    fileprivate var name: String {
        switch self {
        case .netAdmin: "CAP_NET_ADMIN"
        case .netRaw: "CAP_NET_RAW"
        case .ipcLock: "CAP_IPC_LOCK"
        case .netBindService: "CAP_NET_BIND_SERVICE"
        case .openAnyFile: "CAP_DAC_OVERRIDE"
        case .sysAdmin: "CAP_SYS_ADMIN"
        case .sysNice: "CAP_SYS_NICE"
        }
    }
}

// MARK: Frames, captures and peers

extension Failure {
    static func noTransmitStamp(on interface: NetworkInterface) -> Failure {
        Failure(
            status: .nothingCame, message: "No probe got a transmit stamp", hint: capabilityAdvice(interface))
    }

    static func noProbe(at address: MACAddress) -> Failure {
        Failure(
            status: .nothingCame, message: "No probe came",
            hint: "send some from another host: afprobe send -i IF -d \(address)")
    }

    static func ownAddress(of interface: NetworkInterface) -> Failure {
        .refused(
            "\(interface.address) is the address of interface \(interface.name) itself",
            hint: "give the MAC address of another host, which runs: afprobe listen -i IF")
    }

    static var responderNotStarted: Failure {
        .refused("The responder did not start", hint: "see what prints: afprobe listen -i IF")
    }

    /// A responder of this program that did not last.
    static func responderEnded(_ ending: ChildProcess.Ending) -> Failure {
        let reason =
            switch ending {
            case .exited(let status): "exit status \(status)"
            case .killed(let signal): signal
            }
        return .refused(
            "The responder ended before the measurement", reason: reason,
            hint: "what is not answered above it did not get; is memory short?")
    }

    static func noAddress(_ version: String, on interface: NetworkInterface) -> Failure {
        .refused(
            "Interface \(interface.name) has no \(version) address",
            hint: "give the source address by --src-addr")
    }

    static func sizeTooLarge(_ size: Int, largest: Int, on interface: NetworkInterface) -> Failure {
        .refused(
            "Size \(size) is over what interface \(interface.name) takes",
            reason: "its MTU is \(interface.mtu)",
            hint: "the largest size is \(largest), or raise the MTU: ip link set \(interface.name) mtu N")
    }

    static func frameTooLong(
        _ number: UInt64, of path: String, length: Int, on interface: NetworkInterface
    ) -> Failure {
        .refused(
            "Frame \(number) of the capture \(path) is over what interface \(interface.name) takes",
            reason: "it has \(length) bytes, and the MTU is \(interface.mtu)",
            hint: "raise the MTU: ip link set \(interface.name) mtu N; or leave long frames out: "
                + "tcpdump -r \(path) -w short.pcap less \(interface.mtu + 14)")
    }

    static func captureTooLong(_ path: String) -> Failure {
        .refused(
            "The capture \(path) is too long", reason: "it has more than \(ReplayFrames.maxBytes >> 20) MiB",
            hint: "divide it, for instance: editcap -c 100000 \(path) part.pcap")
    }

    static func nothingToReplay(_ path: String) -> Failure {
        .refused("The capture \(path) has no frame that can be sent", hint: "capture whole frames")
    }

    static func captureIncomplete(_ reason: String) -> Failure {
        .refused(
            "Cannot write all captures", reason: reason,
            hint: "the file of --pcap ends there; the measurement is complete")
    }
}
