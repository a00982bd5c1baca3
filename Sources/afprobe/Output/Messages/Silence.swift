import AFPacketKit

// Why no answer came, as far as this host can tell.

/// The circumstances of a run of `ping` that nobody answered.
struct Silence {
    /// The interface as it is now; nil if it has gone.
    let interface: NetworkInterface?
    /// Tells whether it had a carrier when the run began.
    let hadCarrier: Bool
    /// The protocol of the requests, and their options.
    let name: PingProtocolName
    let carrier: ProbeCarrier
    let isPTP: Bool
    /// The host of this link to which the requests go by IP; nil if they go to a MAC address.
    let nextHop: IPAddress?
    /// The interface that the kernel would send by to that host; nil if it is the one used, or nothing is known of it.
    let usualInterface: String?
    /// The target, if it is a host of this link that was given by its IP address; nil for others.
    let neighbour: IPAddress?
    /// The Internet address that afprobe's own requests name; nil without UDP.
    let destination: IPAddress?
    let result: PingResult
    /// The reason why the messages of a PTP clock are no replies; nil if none came.
    let mismatch: PTPMismatch?

    /// The most likely reason, and what to do.
    var hint: String {
        linkHint ?? networkHint ?? answerHint ?? routeHint ?? neighbourHint ?? hostHint ?? usualHint
    }

    private var linkHint: String? {
        guard let interface else { return "the interface has gone; ip link shows those there are" }
        let name = interface.name
        if !interface.isUp { return "\(name) is down; set it up: ip link set \(name) up" }
        if !interface.hasCarrier {
            return "\(name) has no carrier: check the cable, or set the peer of the veth pair up"
        }
        return hadCarrier ? nil : "\(name) had no carrier when the run began, and has one now: try again"
    }

    /// The advice on an ICMP error about the requests.
    private var networkHint: String? {
        guard let error = result.networkError else { return nil }
        guard error.code == .connectionRefused, error.detail == .none else { return deliveryAdvice(error) }
        return switch name {
        case .afprobe: "the host answers that nobody takes \(carrier.name) there; start: \(listener)"
        case .ntp: "the host is reachable, and no NTP server there listens on UDP port 123"
        case .delay, .pdelay: "the host is reachable, and no PTP program there listens on UDP port 319"
        case .icmp, .arp, .ndp: deliveryAdvice(error)
        }
    }

    private var answerHint: String? {
        switch mismatch {
        case .form(let domain, let profile)?:
            return "answers came with --domain \(domain) and --ptp-profile "
                + "\(profile == 0 ? PTPProfile.ieee1588.rawValue : PTPProfile.gPTP.rawValue)"
        case .noSync?:
            return
                "Delay_Resp came without Sync: net_sync_monitor is off there, or it is another program than ptp4l"
        case nil: break
        }
        let hints: [(Counter, String)] = [
            (
                .otherVersion,
                "messages came in another version of the format: install the same version of afprobe there"
            ),
            (.otherVLAN, "answers came in another VLAN: is a switch's port set up for it? See --vlan"),
            (.otherProtocol, "answers came over another protocol: what rewrites the frames on the way?"),
            (.corrupt, "corrupt frames came: see ethtool -S of both NICs, and the cable"),
        ]
        return hints.first { result.counts[$0.0] > 0 }?.1
    }

    /// The advice on frames that this host dropped.
    private var hostHint: String? {
        let counts = result.counts
        let device = interface?.name ?? "IF"
        if result.lostUnstamped > 0, result.lostUnstamped >= counts[.lost] {
            return "no request left this host: its driver stamped none; what dropped them? See: "
                + "tc -s qdisc show dev \(device)"
        }
        if counts[.failed] > 0 {
            return "this host dropped \(counts[.failed]) requests; see: tc -s qdisc show dev \(device)"
        }
        guard counts[.drops] > 0 else { return nil }
        return "this host's receive queue dropped \(counts[.drops]) frames: send more slowly"
    }

    /// The advice if -i led requests away from the host.
    private var routeHint: String? {
        guard let usualInterface, let interface, let nextHop else { return nil }
        return "the route to \(nextHop) is by \(usualInterface), not \(interface.name)"
    }

    private var neighbourHint: String? {
        guard let nextHop, let interface, interface.isEthernet, !knows(nextHop, on: interface) else {
            return nil
        }
        return
            "no host of the link \(interface.name) answers for \(nextHop): is it up, and in this network, VLAN "
            + "included? See: ip neighbour show dev \(interface.name)"
    }

    /// Returns whether the kernel knows the MAC address of a host of the link, or does not tell.
    private func knows(_ host: IPAddress, on interface: NetworkInterface) -> Bool {
        do throws(SystemError) { return try interface.neighbour(host) != nil } catch { return true }
    }

    private var usualHint: String {
        switch name {
        case .icmp:
            "is the host up, and does it, or a firewall, drop ICMP echo?"
                + (neighbour.map { " On this link: --protocol \($0.isVersion4 ? "arp" : "ndp")" } ?? "")
        case .arp, .ndp: "is the host up, and on this link, VLAN included?"
        case .pdelay: "does it run ptp4l, or a bridge of 802.1AS, with the peer delay mechanism (P2P)?"
        case .delay: "does it run ptp4l with net_sync_monitor 1 and hybrid_e2e 1?"
        case .ntp: "does it run an NTP server that answers this host? See its access rules"
        case .afprobe:
            "does that host run: \(listener)? With other options, it says there what came. "
                + "Is this its MAC address? "
                + (destination.map { "Is \($0) an address of its interface? " } ?? "")
                + "Is it on the same network, VLAN included?"
        }
    }

    /// The command that would answer.
    private var listener: String { "afprobe listen -i IF" + carrier.options(isPTP: isPTP) }
}
