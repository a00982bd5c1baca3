import AFPacketKit

// Measures this program itself: --self.

extension PingOptions {
    /// Pings its own responder in a network namespace of its own.
    func runAgainstItself(_ console: Console) throws(Failure) -> ExitStatus {
        guard chosenProtocol == .afprobe, wantsVersion4 == nil else {
            throw .usage(
                "Option --self measures afprobe's own protocol", hint: "leave --protocol, -4 and -6 out")
        }
        guard traffic.interface.isEmpty, target == nil else {
            throw .usage(
                "Option --self takes neither an interface nor a target",
                hint: "it measures in a private network: afprobe ping --self")
        }
        guard traffic.hardware != .on else {
            throw .usage(
                "--self and --hardware on exclude each other",
                hint: "a private network has no NIC; leave one of them out")
        }
        let responder: ChildProcess
        var values = self
        do throws(SystemError) {
            let (near, far) = try PrivateNetwork.enter(joining: "self0", "self1")
            values.traffic.interface = near.name
            values.target = .station(far.address)
            responder = try ChildProcess(
                path: "/proc/self/exe",
                arguments: [
                    "listen", "-i", far.name, "-q", "--stats", "10ms", "--format", "logfmt",
                    "--reply-limit", "1000000000",
                ] + likewise)
        } catch {
            throw Failure("Cannot make a private network", error)
        }
        SystemCallFilter.begin(with: responder)
        console.spareFrames()
        guard responder.waitForOutput() else { throw .responderNotStarted }
        values.measuresItself = false
        values.traffic.hardware = .off
        if traffic.givenInterval == nil { values.traffic.givenInterval = 0 }
        if traffic.count == nil, traffic.deadline == nil { values.traffic.count = 5000 }
        let result = Result { () throws(Failure) in try values.run(console) }
        switch responder.ending() {
        case nil: break
        // A Ctrl-C ends both.
        case .exited(ExitStatus.measured.rawValue) where console.isAskedToStop: break
        case .exited(ExitStatus.nothingCame.rawValue) where console.isAskedToStop: break
        case let ending?: throw .responderEnded(ending)
        }
        return try result.get()
    }

    /// The options that the responder needs to accept and await these requests.
    private var likewise: [String] {
        (traffic.usesUDP ? ["--udp"] : []) + (traffic.isPTP ? ["--ptp"] : [])
            + (traffic.etherType.map { ["--ethertype", "\($0.rawValue)"] } ?? [])
            + (traffic.destinationPort.map { ["--dst-port", "\($0)"] } ?? [])
    }
}
