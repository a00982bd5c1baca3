import AFPacketKit

// The failures of runs: peers, frames and captures, each with the way out.

extension Failure {
    /// A run that ended before it sent a frame to be measured.
    static func nothingSent(on interface: NetworkInterface, afterWarmup warmup: UInt64) -> Failure {
        Failure(
            status: .nothingCame,
            message: warmup > 0
                ? "No frame was sent on interface \(interface.name) after the warm-up"
                : "No frame was sent on interface \(interface.name)",
            hint: "the lines above say why; or the deadline (-w) is too short")
    }

    /// A run without any answer.
    static func noAnswer(from peer: Peer, _ silence: Silence) -> Failure {
        let message =
            silence.name == .afprobe ? "No reply came from \(peer)" : "No answer came from \(peer)"
        return Failure(status: .nothingCame, message: message, hint: silence.hint)
    }

    /// A server that wants no more requests.
    static func kissOfDeath(_ code: String, from peer: Peer) -> Failure {
        let hint =
            code == "RATE"
            ? "it finds the interval too short: give a longer -I" : "it does not serve this host"
        return Failure(
            status: .refused, message: "The NTP server \(peer) refuses requests",
            reason: "kiss-o'-death \(code)",
            hint: hint)
    }

    static func isGroup(_ address: MACAddress) -> Failure {
        .usage("\(address) is a group address", hint: "give the MAC address of one host")
    }

    static func isBroadcast(_ address: IPAddress) -> Failure {
        .refused("\(address) is a broadcast address", hint: "give the address of one host")
    }

    /// An address that the kernel sends nothing to.
    ///
    /// - Parameters:
    ///   - source: the source address, if it was given.
    ///   - interface: the interface, if it was given.
    static func noRoute(
        to address: IPAddress, from source: IPAddress?, by interface: NetworkInterface?, _ error: SystemError
    ) -> Failure {
        let from = source.map { " from \($0)" } ?? ""
        let by = interface.map { " oif \($0.name)" } ?? ""
        let hint =
            if let name = interfaceThatIsDown(before: address) {
                "\(name), on whose network \(address) is, is down: ip link set \(name) up"
            } else {
                (source == nil ? "" : "is the source an address of this host? ")
                    + "see: ip route get \(address)\(from)\(by)"
            }
        return .refused("There is no route to \(address)\(from)", reason: "\(error.code)", hint: hint)
    }

    /// The interface that leads to an address once it is up; nil if there is none.
    private static func interfaceThatIsDown(before address: IPAddress) -> String? {
        ((try? NetworkInterface.names()) ?? []).first { name in
            guard let interface = try? NetworkInterface(named: name), !interface.isUp else { return false }
            return (try? interface.interfaceAddresses())?.contains { $0.network.contains(address) } ?? false
        }
    }

    static var missingTarget: Failure { .usage("TARGET is missing") }

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

    // MARK: Frames, captures and peers

    static func noTransmitStamp(on interface: NetworkInterface) -> Failure {
        Failure(
            status: .nothingCame, message: "No probe got a transmit stamp", hint: capabilityAdvice(interface))
    }

    /// A run of `listen` without any probe.
    ///
    /// - Parameter otherForms: the number of probes that it did not take because of their form.
    static func noProbe(_ start: ListenStart, otherForms: UInt64?) -> Failure {
        var sender = start
        sender.answers = false
        let hint =
            otherForms ?? 0 > 0
            ? "they came in another form: the lines above say how to take them"
            : "send some from another host: \(sender.reach ?? "it has no address to be reached at over UDP")"
        return Failure(status: .nothingCame, message: "No probe came", hint: hint)
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
            // Without a count or a deadline of its own.
            case .exited(ExitStatus.measured.rawValue), .exited(ExitStatus.nothingCame.rawValue):
                "a signal asked it to end"
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
            "Size \(size) is too large for interface \(interface.name)",
            reason: "its MTU is \(interface.mtu)",
            hint: "the largest size is \(largest), or raise the MTU: ip link set \(interface.name) mtu N")
    }

    static func frameTooLong(
        _ number: UInt64, of path: String, length: Int, on interface: NetworkInterface
    ) -> Failure {
        .refused(
            "Frame \(number) of the capture \(path) is too long for interface \(interface.name)",
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

    /// A capture whose reader stalled, for a time or until the end.
    static func captureTooSlow(lacks frames: UInt64) -> Failure {
        .refused(
            "Cannot write all captures",
            reason: "\(frames) frames are not in the capture: its reader or the disk was too slow",
            hint: "the measurement is complete; have a pipe's reader read at once, or send more slowly")
    }
}
