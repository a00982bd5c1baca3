import AFPacketKit

// Pings over IP, through ordinary sockets.

extension PingOptions {
    func pingByInternet(_ name: PingProtocolName, _ console: Console) throws(Failure) -> ExitStatus {
        guard let target else { throw .missingTarget }
        let way = try target.way(
            by: traffic.interface.isEmpty ? nil : traffic.interface, from: traffic.sourceAddress,
            wantsVersion4: wantsVersion4, console)
        var options = self
        if name == .ntp { try options.restrain(to: way.address) }
        return try options.pingByInternet(name, way, console)
    }

    private func pingByInternet(
        _ name: PingProtocolName, _ way: InternetWay, _ console: Console
    ) throws(Failure) -> ExitStatus {
        let isV4 = way.address.isVersion4
        let headers = 14 + (isV4 ? 20 : 40)
        let shortest = max(FrameShape.smallestFrame, headers + EchoMessage.length)
        let size = traffic.size ?? shortest
        guard size >= shortest else {
            throw .sizeTooSmall(size, smallest: shortest, ofPayload: max(shortest, headers + 8 + size))
        }
        let shape = FrameShape(
            destination: .zero, source: way.interface.address, carrier: .ethernet(isV4 ? .ipv4 : .ipv6))
        let interface = way.interface
        let nextHop = way.route.kind == .local ? nil : way.route.nextHop(to: way.address)
        return try conclude(
            name, peer: .host(way.address), nextHop: nextHop, on: interface, console
        ) {
            (hasStages, snapshot) throws(RunError) in
            let plan = plan(
                name, peer: .host(way.address), shape, size: size, filter: .rejectAll, hasStages: hasStages,
                way: wayMonitor(to: way, isFollowed: !snapshot.stampsTransmitHardware))
            var flags: TimestampingFlags = [
                .transmitSoftware, .receiveSoftware, .receiveHardware, .software, .rawHardware, .identifier,
                .transmitBoth,
            ]
            if snapshot.stampsTransmitHardware { flags.insert(.transmitHardware) }
            if hasStages { flags.insert(.transmitScheduled) }
            var socketOptions = internet
            socketOptions.timestamping = flags
            socketOptions.dscp = givenCodePoint ?? 0
            socketOptions.source = traffic.sourceAddress
            socketOptions.priority = traffic.priority
            // The stamps of two NICs are on two clocks.
            let isBound =
                snapshot.stampsTransmitHardware || !traffic.interface.isEmpty || way.address.isLinkLocal
            socketOptions.interface = isBound && way.route.kind != .local ? interface : nil
            socketOptions.zone = way.zone
            do throws(SystemError) {
                let socket: TimestampedSocket
                let (frame, form): (ProbeFrame, any PingProtocol)
                if name == .ntp {
                    socket = try DatagramSocket.udp(
                        to: way.address, port: traffic.destinationPort ?? NTPMessage.port, socketOptions)
                    let ntp = NTPProtocol(
                        session: .random(in: 1 ... .max), isInterleaved: isInterleaved,
                        last: plan.transmit.totalCount)
                    (frame, form) = (ntp.frame(), ntp)
                } else {
                    socket = try DatagramSocket.echo(to: way.address, socketOptions)
                    let echo = EchoProtocol(
                        session: .random(in: 1 ... .max), isVersion4: isV4,
                        isRaw: socket.isRawICMP)
                    (frame, form) = (echo.frame(length: size - headers), echo)
                }
                let receiver = Receiver(try socket.duplicate(), on: interface)
                return PingRun(
                    socket, receiver, frame, ForeignAnswers(form: form), plan, snapshot,
                    .kernel(interface, clockIndex: snapshot.capabilities?.clockIndex), console)
            } catch {
                throw RunError(.ping, error, on: interface)
            }
        }
    }

    /// Spares public servers: at least 8 s between two requests, and 60 at most.
    private mutating func restrain(to address: IPAddress) throws(Failure) {
        guard !address.isPrivate else { return }
        let (shortest, most): (Int64, UInt64) = (8_000_000_000, 60)
        if isAdaptive || traffic.givenInterval.map({ $0 < shortest }) ?? false {
            throw .usage(
                "The interval is too short for the public NTP server \(address)",
                hint:
                    "8s is the shortest, and --adaptive none; servers in private networks are not restricted")
        }
        let (total, overflow) = (traffic.count ?? 1).addingReportingOverflow(traffic.warmup)
        guard !overflow, total <= most else {
            throw .usage(
                "Too many requests for the public NTP server \(address)",
                hint: "60 is the maximum")
        }
        traffic.givenInterval = traffic.givenInterval ?? shortest
        traffic.count = traffic.count ?? most - min(traffic.warmup, most - 1)
    }
}
