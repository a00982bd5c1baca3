import AFPacketKit

/// The protocols of ping.
enum PingProtocolName: String, CaseIterable {
    case afprobe, icmp, arp, ndp, pdelay, delay, ntp

    /// The carrier of its messages.
    enum Carrier {
        /// Ethernet frames, sent through packet sockets.
        case ethernet
        /// IP datagrams, sent through ordinary sockets, which need no privilege.
        case internet
    }

    var carrier: Carrier {
        switch self {
        case .afprobe, .arp, .ndp, .pdelay, .delay: .ethernet
        case .icmp, .ntp: .internet
        }
    }

    /// Tells whether the responder tells when it received and answered.
    var tellsTime: Bool { self == .afprobe || self == .pdelay || self == .delay || self == .ntp }

    /// Tells whether another program than afprobe answers.
    var isForeign: Bool { if case .afprobe = self { false } else { true } }

    /// Tells whether its answers name no request.
    var isOneAtATime: Bool {
        switch self {
        case .arp, .ndp: true
        default: false
        }
    }

    /// The filters by which a NIC stamps its answers, the narrowest first.
    ///
    /// - Parameter isOverIP: whether they come in datagrams.
    func stampFilters(isOverIP: Bool) -> [ReceiveFilter] {
        switch self {
        case .pdelay, .delay: [isOverIP ? .ptpV2OverUDP : .ptpV2OverEthernet, .ptpV2, .everything]
        case .ntp: [.ntp, .everything]
        default: [.everything]
        }
    }
}

/// The profiles of PTP, by the high half of their sdoId.
enum PTPProfile: String, CaseIterable {
    case ieee1588 = "1588"
    case gPTP = "8021as"

    var number: UInt8 { self == .gPTP ? 1 : 0 }
}
