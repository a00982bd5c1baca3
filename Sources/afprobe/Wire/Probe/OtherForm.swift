import AFPacketKit

/// The form of a probe because of which a run does not take it.
enum OtherForm: Equatable {
    case carrier(ProbeCarrier)
    /// It has another tag behind this one.
    case twoTags(VLANTag)
    /// It is addressed to another station, or to a group that was not joined.
    case destination(MACAddress)

    /// Kinds of forms, each of which is told once: whoever sends can choose among many ports, for instance.
    struct Kinds: OptionSet {
        let rawValue: UInt8
    }

    var kind: Kinds {
        switch self {
        case .carrier(.frames): Kinds(rawValue: 1)
        case .carrier(.datagrams): Kinds(rawValue: 2)
        case .twoTags: Kinds(rawValue: 4)
        case .destination(let address): Kinds(rawValue: address.isGroup ? 8 : 16)
        }
    }

    /// - Parameters:
    ///   - probe: one that the run's filter rejects.
    ///   - carrier: the one that the run takes.
    init(of probe: borrowing FoundProbe, unlike carrier: ProbeCarrier) {
        let shape = probe.shape
        let own: ProbeCarrier =
            switch shape.carrier {
            case .ethernet(let type): .frames(type)
            case .udp4(let flow): .datagrams(port: flow.destinationPort)
            case .udp6(let flow): .datagrams(port: flow.destinationPort)
            }
        guard own == carrier else {
            self = .carrier(own)
            return
        }
        // The kernel took the outer one out.
        if let outer = probe.ancillary.vlan, probe.isTagged {
            self = .twoTags(outer)
        } else {
            self = .destination(shape.destination)
        }
    }
}
