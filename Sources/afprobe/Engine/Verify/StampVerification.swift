import AFPacketKit

/// The witness that receives the frames of a verification.
enum VerificationWitness {
    case nobody
    /// Another interface of this host, cabled to the first one.
    case interface(NetworkInterface)
    /// A host that runs `afprobe listen` and answers.
    case peer(MACAddress)
}

/// Tests the stamps that a NIC and its driver claim to take: `afprobe hwstamp --verify`.
struct StampVerification<Events: VerifyEvents> {
    /// The outcome of a verification.
    enum Ending {
        case kept
        /// A claim was not kept.
        case breached
        /// The witness received nothing, which proves nothing.
        case unwitnessed
        /// The user asked to stop before it was complete.
        case stopped
    }

    private typealias Trial = TrialRun<TimestampedSocket, Events>

    private let interface: NetworkInterface
    private let witness: VerificationWitness
    private let signals: RunSignals
    private let events: Events
    private let message: ProbeMessage
    private var isBreached = false
    private var hasWitnessed = false

    /// The nearest-bridge group, which no bridge forwards, so that no LAN is flooded. IEEE 802.1Q, table 8-1
    private static var group: MACAddress { MACAddress(0x0180_c200_000e) }
    private static var timeout: Int64 { 1_000_000_000 }
    private static var shapePlan: TrialPlan { TrialPlan(count: 50, interval: 2_000_000, timeout: timeout) }
    private static var warmupPlan: TrialPlan { TrialPlan(count: 5, interval: 10_000_000, timeout: timeout) }

    init(
        of interface: NetworkInterface, witness: VerificationWitness, _ signals: RunSignals, _ events: Events
    ) {
        self.interface = interface
        self.witness = witness
        self.signals = signals
        self.events = events
        let session = UInt64.random(in: 1 ... .max)
        message =
            if case .peer = witness {
                ProbeMessage(number: 0, kind: .request, flags: .wantsFollowUp, session: session)
            } else {
                ProbeMessage(number: 0, kind: .probe, session: session)
            }
    }

    /// Verifies each shape, then the rate, and tells each claim.
    mutating func run() throws(RunError) -> Ending {
        let claims = TimestampingSnapshot(of: interface)
        // Answers are read without any in force.
        ThisProcess.forbidNewPrivileges()
        do throws(SystemError) { try ThisProcess.keepOnly([.netRaw, .netAdmin]) } catch {
            throw RunError(.dropCapabilities, error)
        }
        var lease = try HardwareLease(
            on: interface, .transmit, [], claims.claimsTransmitHardware ? .auto : .off, isTest: true, events)
        defer { lease.end(events) }
        for shape in TrialShape.allCases {
            guard try verify(shape, claims) else { return .stopped }
            events.flush()
        }
        if claims.claimsTransmitHardware, !(try verifyRate()) { return .stopped }
        if case .nobody = witness { hasWitnessed = true }
        return !hasWitnessed ? .unwitnessed : isBreached ? .breached : .kept
    }

    private var destination: MACAddress {
        if case .peer(let address) = witness { address } else { Self.group }
    }

    /// - Returns: false if the user asked to stop.
    private mutating func verify(
        _ shape: TrialShape, _ claims: TimestampingSnapshot
    ) throws(RunError) -> Bool {
        let (receiving, address): (NetworkInterface, MACAddress)
        switch witness {
        case .nobody:
            var trial = try open(shape, awaitsHardware: claims.claimsTransmitHardware)
            guard try run(&trial, Self.shapePlan) else { return false }
            tell(transmitClaims(shape, claims, trial.outcome))
            return true
        case .interface(let other): (receiving, address) = (other, Self.group)
        case .peer: (receiving, address) = (interface, interface.address)
        }
        let arrivalClaims = TimestampingSnapshot(of: receiving)
        let isClaimed = arrivalClaims.claimsReceiveHardware(by: shape.receiveFilters)
        var lease = try HardwareLease(
            on: receiving, .receive, shape.receiveFilters, isClaimed ? .auto : .off, events)
        defer { lease.end(events) }
        var trial = try open(
            shape, arrival: (receiving, address), awaitsHardware: claims.claimsTransmitHardware)
        // The kernel turns its own receive stamps on a little after it was asked to.
        guard try run(&trial, Self.warmupPlan), try run(&trial, Self.shapePlan) else { return false }
        let arrivals = trial.outcome.arrivals
        if arrivals.count > 0 { hasWitnessed = true }
        if case .peer(let address) = witness { events.verified(arrivals, of: shape, by: address) }
        tell(
            transmitClaims(shape, claims, trial.outcome)
                + receiveClaims(shape, arrivalClaims, receiving, arrivals))
        return true
    }

    /// Opens the sockets of a trial.
    ///
    /// - Parameter arrival: where the frames, or the answers to them, arrive; nil if nobody sees them arrive.
    private func open(
        _ shape: TrialShape, arrival: (interface: NetworkInterface, address: MACAddress)? = nil,
        awaitsHardware: Bool
    ) throws(RunError) -> Trial {
        let options =
            if let (_, address) = arrival {
                ReceiveOptions(filter: shape.filter(to: address), groups: address.isGroup ? [address] : [])
            } else { ReceiveOptions(filter: .rejectAll) }
        let receiving = arrival?.interface ?? interface
        let receiver: Receiver<TimestampedSocket>
        do throws(SystemError) {
            receiver = try options.openReceiver(on: receiving)
        } catch { throw RunError(.receive, error, on: receiving) }
        let socket: TimestampedSocket
        do throws(SystemError) {
            socket = try PacketSocket.transmitter(on: interface, TransmitOptions())
        } catch { throw RunError(.send, error, on: interface) }
        return Trial(
            socket, receiver, isWitnessed: arrival != nil, message,
            in: shape.frame(from: interface.address, to: destination), on: interface,
            awaitsHardware: awaitsHardware, events)
    }

    /// Runs a trial; returns false if the user asked to stop.
    private func run(_ trial: inout Trial, _ plan: TrialPlan) throws(RunError) -> Bool {
        trial.begin(plan)
        var loop = RunLoop(PolledSources(of: trial, signals, linkMayChange: false))
        return try loop.run(&trial) == .finished
    }

    // MARK: The claims

    private func transmitClaims(
        _ shape: TrialShape, _ claims: TimestampingSnapshot, _ outcome: TrialOutcome
    ) -> [StampClaim] {
        [
            (StampClock.hardware, outcome.hardware, claims.claimsTransmitHardware),
            (.software, outcome.software, claims.claims(.transmitSoftware)),
        ].map { clock, stamped, isClaimed in
            StampClaim(
                frames: .sent, interface: interface.name, shape: shape, clock: clock, isClaimed: isClaimed,
                count: outcome.sent, stamped: stamped.count, latenesses: stamped)
        }
    }

    private func receiveClaims(
        _ shape: TrialShape, _ claims: TimestampingSnapshot, _ receiving: NetworkInterface,
        _ arrivals: Arrivals
    ) -> [StampClaim] {
        [
            (StampClock.hardware, arrivals.hardware, claims.claimsReceiveHardware(by: shape.receiveFilters)),
            (.software, arrivals.software, claims.claims(.receiveSoftware)),
        ].map { clock, stamped, isClaimed in
            StampClaim(
                frames: .received, interface: receiving.name, shape: shape, clock: clock,
                isClaimed: isClaimed, count: arrivals.count, stamped: stamped)
        }
    }

    private mutating func tell(_ claims: [StampClaim]) {
        if claims.contains(where: { $0.verdict.isBreach }) { isBreached = true }
        events.verified(claims)
    }

    // MARK: The rate

    /// Frames a second; 0 is flat out.
    private static var rates: [Int64] {
        [100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 0]
    }

    /// The trial of a rate. Flat out, the completions of 200 frames fit into an unprivileged user's queue.
    private static func ratePlan(_ rate: Int64) -> TrialPlan {
        TrialPlan(
            count: rate == 0 ? 200 : Int(min(max(rate / 4, 20), 500)),
            interval: rate == 0 ? 0 : 1_000_000_000 / rate, timeout: timeout)
    }

    /// Raises the rate until stamps are skipped, again and again until two results agree; returns false if the user
    /// asked to stop.
    private func verifyRate() throws(RunError) -> Bool {
        var trial = try open(.plain, awaitsHardware: true)
        var agreement = RateAgreement()
        while !agreement.isReached, agreement.count < Self.rateTrials {
            guard let result = try findRate(&trial) else { return false }
            agreement.add(result)
            events.flush()
        }
        events.verified(
            StampRate(
                interface: interface.name, sustained: agreement.sustained, skipping: agreement.skipping))
        return true
    }

    /// The maximum number of times that the rate is raised from the beginning.
    private static var rateTrials: Int { 6 }

    /// Raises the rate until stamps are skipped; nil if the user asked to stop.
    private func findRate(
        _ trial: inout Trial
    ) throws(RunError) -> (sustained: UInt64?, skipping: TrialOutcome?)? {
        var sustained: UInt64?
        for rate in Self.rates {
            guard try run(&trial, Self.ratePlan(rate)) else { return nil }
            let outcome = trial.outcome
            guard outcome.hardware.count == outcome.sent else { return (sustained, outcome) }
            sustained = max(sustained ?? 0, outcome.rate ?? 0)
        }
        return (sustained, nil)
    }
}
