import AFPacketKit

// Advice about capabilities and CPU scheduling.

/// The remedy if the kernel refuses a call for the lack of a capability.
func missingCapabilityAdvice(for error: SystemError) -> String? {
    let needed: ThisProcess.Capability
    switch error.operation.description {
    case "socket(AF_PACKET)": needed = .netRaw
    case "SIOCSHWTSTAMP", "SO_TXTIME", "SO_PRIORITY", "ETHTOOL_MSG_TSCONFIG_SET": needed = .netAdmin
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

let schedulingOperations = [
    "sched_setscheduler", "sched_setaffinity", "mlockall", "open(/dev/cpu_dma_latency)",
]

/// The remedy if the kernel refuses CPU scheduling, memory locking or a latency request.
func schedulingAdvice(for error: SystemError) -> String? {
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
