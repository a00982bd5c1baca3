import AFPacketKit

/// Tests what a NIC and its driver claim to stamp: `afprobe hwstamp --verify`.
struct StampVerification {
    /// Who looks at the frames where they arrive.
    enum Witness {
        case nobody
        /// Another interface of this host, cabled to the first one.
        case interface(NetworkInterface)
        /// A host that runs `afprobe listen`, and answers.
        case peer(MACAddress)
    }

    private let interface: NetworkInterface
    private let witness: Witness
    private let signals: RunSignals
    private let session = UInt64.random(in: 1 ... .max)
    private var isKept = true
    private var hasWitnessed = false

    /// The group that no bridge forwards frames to (nearest bridge), so that no LAN is flooded.
    /// IEEE 802.1Q, table 8-1
    private static let group = MACAddress(0x0180_c200_000e)
    private static let framesOfAShape = 50
    private static let framesOfWarmup = 5
    private static let interval: Int64 = 2_000_000
    private static let timeout: Int64 = 1_000_000_000

    init(of interface: NetworkInterface, witness: Witness, _ console: inout Console) throws(Failure) {
        self.interface = interface
        self.witness = witness
        signals = try console.begin()
    }

    /// Sends and looks, shape by shape, and then for the rate; writes a line for each claim.
    mutating func run(_ console: inout Console) throws(Failure) -> ExitStatus {
        let capabilities = try? interface.timestampingCapabilities()
        let claims = StampClaims(capabilities)
        var lease = try HardwareLease(
            on: interface, .transmit, [], claims.transmitHardware ? .auto : .off, &console)
        defer { lease.end(&console) }
        for shape in TrialShape.allCases {
            guard try verify(shape, claims, &console) else { throw interrupted }
            console.flush()
        }
        if claims.transmitHardware, !(try verifyRate(&console)) { throw interrupted }
        try checkWitness()
        return isKept ? .measured : .exceeded
    }

    private var interrupted: Failure {
        Failure(status: .nothingCame, message: "The verification ended before it was complete")
    }

    /// Fails where the witness saw nothing at all: that is no proof of anything.
    private func checkWitness() throws(Failure) {
        guard !hasWitnessed else { return }
        switch witness {
        case .nobody: return
        case .interface(let other):
            throw Failure(
                status: .nothingCame, message: "No frame came from \(interface.name) to \(other.name)",
                hint: "are the two cabled together, with no switch in between?")
        case .peer(let address):
            throw Failure(
                status: .nothingCame, message: "No answer came from \(address)",
                hint: "does that host run: afprobe listen -i IF? Is it on the same network?")
        }
    }

    private var message: ProbeMessage {
        if case .peer = witness {
            return ProbeMessage(number: 0, kind: .request, flags: .wantsFollowUp, session: session)
        }
        return ProbeMessage(number: 0, kind: .probe, session: session)
    }

    /// Where the frames go.
    private var destination: MACAddress {
        if case .peer(let address) = witness { address } else { Self.group }
    }

    /// - Returns: false where the user asked to stop.
    private mutating func verify(
        _ shape: TrialShape, _ claims: StampClaims, _ console: inout Console
    ) throws(Failure) -> Bool {
        let (receiver, address): (NetworkInterface, MACAddress)
        switch witness {
        case .nobody: return try send(shape, claims, &console)
        case .interface(let other): (receiver, address) = (other, Self.group)
        case .peer: (receiver, address) = (interface, interface.address)
        }
        let receiverClaims = StampClaims(try? receiver.timestampingCapabilities())
        let isClaimed = receiverClaims.receivesHardware(shape)
        var lease = try HardwareLease(
            on: receiver, .receive, shape.receiveFilters, isClaimed ? .auto : .off, &console)
        defer { lease.end(&console) }
        var frames: Receiver
        do throws(SystemError) {
            frames = try Receiver(
                on: receiver, filter: shape.filter(to: address),
                timestamping: [.receiveSoftware, .receiveHardware, .software, .rawHardware],
                groups: address.isGroup ? [address] : [])
        } catch {
            throw Failure("Cannot receive on interface \(receiver.name)", error)
        }
        // The kernel turns its own receive stamps on a little after it was asked to.
        guard let warmup = try trial(shape, claims, count: Self.framesOfWarmup, interval: 5 * Self.interval)
        else { return false }
        _ = try receive(&frames, count: warmup.sent)
        guard try send(shape, claims, &console) else { return false }
        console.flush()
        let arrived = try receive(&frames, count: Self.framesOfAShape)
        if arrived.count > 0 { hasWitnessed = true }
        if case .peer(let address) = witness { console.write(arrived, of: shape, from: address) }
        for (kind, stamped, claim) in [
            ("hardware", arrived.hardware, isClaimed),
            ("software", arrived.software, receiverClaims.receiveSoftware),
        ] {
            let verdict = judge(claim, stamped, of: arrived.count)
            console.write(.info, "Verify Receive") { line in
                line.integer("arrived", UInt64(arrived.count))
                line.boolean("claimed", claim)
                line.string("interface", receiver.name)
                line.string("shape", shape.rawValue)
                line.string("stamp", kind)
                line.integer("stamped", UInt64(stamped))
                line.string("verdict", verdict.rawValue)
            }
        }
        return true
    }

    /// Sends a few frames of a shape, and writes what came back.
    ///
    /// - Returns: false where the user asked to stop.
    private mutating func send(
        _ shape: TrialShape, _ claims: StampClaims, _ console: inout Console
    ) throws(Failure) -> Bool {
        guard let outcome = try trial(shape, claims, count: Self.framesOfAShape, interval: Self.interval)
        else { return false }
        for (kind, stamped, claim) in [
            ("hardware", outcome.hardware, claims.transmitHardware),
            ("software", outcome.software, claims.transmitSoftware),
        ] {
            let verdict = judge(claim, stamped.count, of: outcome.sent)
            console.write(.info, "Verify Transmit") { line in
                line.boolean("claimed", claim)
                line.string("interface", interface.name)
                line.durationTwins("late_max", "late_max_ns", stamped.lateness(1))
                line.durationTwins("late_p50", "late_p50_ns", stamped.lateness(0.5))
                line.durationTwins("late_p99", "late_p99_ns", stamped.lateness(0.99))
                line.integer("sent", UInt64(outcome.sent))
                line.string("shape", shape.rawValue)
                line.string("stamp", kind)
                line.integer("stamped", UInt64(stamped.count))
                line.string("verdict", verdict.rawValue)
            }
        }
        return true
    }

    /// Sends frames of a shape; nil where the user asked to stop.
    private func trial(
        _ shape: TrialShape, _ claims: StampClaims, count: Int, interval: Int64
    ) throws(Failure) -> StampTrial.Outcome? {
        var trial = try StampTrial(
            on: interface, message, in: shape.frame(from: interface.address, to: destination),
            hopesForHardware: claims.transmitHardware)
        let outcome = try trial.run(count: count, interval: interval, timeout: Self.timeout, signals)
        return outcome.isInterrupted ? nil : outcome
    }

    /// Waits for the frames that were sent, or for the answers to them, for as long as a time-out at most.
    private func receive(_ frames: inout Receiver, count: Int) throws(Failure) -> Arrivals {
        var arrived = Arrivals()
        let end = MonotonicTime.now() + Self.timeout
        do throws(SystemError) {
            var poll = PollSet()
            poll.add(frames.socket, as: .frames)
            while !arrived.areComplete(count, answers: message.kind == .request), MonotonicTime.now() < end {
                guard try poll.wait(until: end).contains(.frames) else { continue }
                for index in 0..<(try frames.receive()) {
                    guard let probe = frames.probe(at: index), probe.message.session == session else {
                        continue
                    }
                    arrived.count(probe)
                }
            }
        } catch {
            throw Failure("Cannot receive frames to verify", error)
        }
        return arrived
    }

    // MARK: The rate

    /// Frames a second; 0 is as fast as they can be sent.
    private static let rates: [Int64] = [
        100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 0,
    ]

    /// How many frames are sent flat out: their reports fit into the queue of an unprivileged user.
    private static let burst = 200

    /// Sends faster and faster until stamps are skipped.
    ///
    /// - Returns: false where the user asked to stop.
    private mutating func verifyRate(_ console: inout Console) throws(Failure) -> Bool {
        var trial = try StampTrial(
            on: interface, message, in: TrialShape.plain.frame(from: interface.address, to: destination),
            hopesForHardware: true)
        var sustained: UInt64?
        var skipping: StampTrial.Outcome?
        for rate in Self.rates {
            let outcome = try trial.run(
                count: rate == 0 ? Self.burst : Int(min(max(rate / 4, 20), 500)),
                interval: rate == 0 ? 0 : 1_000_000_000 / rate, timeout: Self.timeout, signals)
            guard !outcome.isInterrupted else { return false }
            guard outcome.hardware.count == outcome.sent else {
                skipping = outcome
                break
            }
            sustained = max(sustained ?? 0, outcome.rate ?? 0)
        }
        console.write(.info, "Verify Rate") { line in
            line.string("interface", interface.name)
            line.integer("skipping_rate", (skipping?.rate).map { Int64($0) })
            line.integer("skipping_sent", skipping.map { Int64($0.sent) })
            line.integer("skipping_stamped", skipping.map { Int64($0.hardware.count) })
            line.integer("sustained_rate", sustained.map { Int64($0) })
        }
        return true
    }

    // MARK: The verdict

    private mutating func judge(_ isClaimed: Bool, _ stamped: Int, of count: Int) -> StampVerdict {
        guard count > 0 else { return .unknown }
        guard isClaimed else { return stamped > 0 ? .unclaimed : .none }
        if stamped == count { return .kept }
        isKept = false
        return stamped > 0 ? .partly : .broken
    }
}
