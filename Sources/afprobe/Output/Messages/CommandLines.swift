import AFPacketKit

// Commands of this program, as the user can give them on this host or the other one.

extension ProbeCarrier {
    /// The options of a command that takes or sends such probes.
    ///
    /// - Parameters:
    ///   - isPTP: whether they are shaped as PTP messages; nil if that follows from the carrier.
    ///   - address: the address to send to, over UDP; nil for a command that takes probes.
    func options(isPTP: Bool? = nil, to address: String? = nil) -> String {
        switch self {
        case .frames(let type):
            if isPTP ?? (type == PTPHeader.etherType) { return " --ptp" }
            return type == .localExperimental1 ? "" : " --ethertype \(type)"
        case .datagrams(let port):
            let isPTP = isPTP ?? (port == PTPHeader.eventPort)
            return " --udp" + (address.map { " --dst-addr \($0)" } ?? "") + (isPTP ? " --ptp" : "")
                + (port == (isPTP ? PTPHeader.eventPort : 61_000) ? "" : " --dst-port \(port)")
        }
    }

    /// `UDP port 61000`, or `EtherType 0x88b5`.
    var name: String {
        switch self {
        case .frames(let type): "EtherType \(type)"
        case .datagrams(let port): "UDP port \(port)"
        }
    }
}

// MARK: Other forms

func description(of form: OtherForm) -> String {
    switch form {
    case .carrier(.frames(let type)):
        "Probes arrive as frames of EtherType \(type), which this run does not take"
    case .carrier(.datagrams(let port)): "Probes arrive over UDP port \(port), which this run does not take"
    case .twoTags: "Probes arrive with two VLAN tags, which this run does not take"
    case .destination(let address) where address.isGroup:
        "Probes arrive for the group \(address), which this run has not joined"
    case .destination(let address): "Probes arrive for \(address), which is not the address of this interface"
    }
}

func advice(for form: OtherForm, _ taken: ListenForm) -> String {
    let name = taken.interface.name
    switch form {
    case .carrier(let carrier): return "to take them: afprobe listen -i \(name)\(carrier.options())"
    case .twoTags(let outer):
        return
            "it takes those with one tag at most; the outer one is of VLAN \(outer.identifier): does a switch on "
            + "the way add one?"
    case .destination(let address) where address.isGroup:
        return
            "to take them: afprobe listen -i \(name)\(taken.carrier.options(isPTP: taken.isPTP)) --group \(address)"
    case .destination: return "have the other side send to \(taken.interface.address), the address of \(name)"
    }
}
