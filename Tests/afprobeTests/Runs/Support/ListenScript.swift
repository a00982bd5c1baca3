@testable import AFPacketKit
@testable import afprobe

/// A run of `listen` that a script sends frames to.
final class ListenScript {
    struct Outcome {
        let ending: RunEnding?
        let error: RunError?
        let result: ListenResult
        let hasMeasured: Bool

        var tally: ReceiveTally { result.tally }
        var replies: ReplyCounts { result.replies }
    }

    let network = ScriptedNetwork()
    let events = RecordedEvents()
    var watchesOtherForms = true

    /// The time from the stamps of the kernel and the NIC to the receive call.
    static let wakeup: Int64 = 300
    static let sinceNIC: Int64 = 900

    init() {
        // Its replies are stamped at the qdisc only where each asks for that.
        network.sender.recordsScheduled = false
    }

    static func withHardware() -> ListenScript {
        let script = ListenScript()
        script.network.snapshot = .hardware
        script.network.nicOffset = 37 * second
        script.network.comparisonError = 25
        script.network.sender.stamps = { _ in .all }
        return script
    }

    static func plan(
        count: UInt64? = nil, deadline: Int64? = second, statistics: Int64 = 3600 * second,
        replyLimit: UInt64? = 1_000_000_000, rules: ReplyRules? = nil, spins: Bool = false
    ) -> ListenPlan {
        ListenPlan(
            receive: ReceiveOptions(filter: .rejectAll), carrier: .frames(.localExperimental1),
            isPTP: false,
            filter: { _ in .rejectAll }, otherForms: { _ in .rejectAll },
            stampFilters: [.everything], count: count,
            deadline: deadline, statisticsInterval: statistics,
            replies: replyLimit.map {
                var rules = rules ?? ReplyRules(limit: $0, addresses: addresses)
                rules.limit = $0
                return rules
            }, spins: spins)
    }

    func run(_ plan: ListenPlan = ListenScript.plan()) -> Outcome {
        var run = ListenRun(
            Receiver(ScriptedPort(network.receiver), on: network.interface), responder(plan.replies),
            otherForms(plan), plan,
            network.snapshot,
            network.reader, events, at: network.now)
        let (ending, error) = play(&run, on: network)
        return Outcome(ending: ending, error: error, result: run.finish(), hasMeasured: run.hasMeasured)
    }

    /// The interface's addresses: 10.0.0.2/24 and fd00::2/64.
    static let addresses = [
        (IPAddress.v4(IPv4Address(0x0a00_0002)), 24), (.v6(IPv6Address(high: 0xfd00 << 48, low: 2)), 64),
    ].map { InterfaceAddress($0, InternetNetwork($0, prefixLength: $1)) }

    private func otherForms(_ plan: ListenPlan) -> Slab<OtherFormWatch<ScriptedPort>>? {
        guard watchesOtherForms else { return nil }
        return Slab(
            of: OtherFormWatch(
                ScriptedPort(network.otherForms),
                ListenForm(interface: network.interface, carrier: plan.carrier, isPTP: plan.isPTP)
            ) {
                [network, events] in
                events.watched.append((network.elapsed, $0))
            })
    }

    private func responder(_ rules: ReplyRules?) -> Slab<Responder<ScriptedPort, RecordedEvents>>? {
        guard let rules else { return nil }
        return Slab(
            of: Responder(
                ScriptedPort(network.sender), unstamped: ScriptedPort(network.plainSender), rules,
                network.snapshot, network.reader, events))
    }

    // MARK: What is sent to it

    /// Has a frame come so many nanoseconds after the script began, with the stamps of its way in.
    func receive(_ bytes: [UInt8], at time: Int64, tag: VLANTag? = nil, isChecksumPending: Bool = false) {
        network.at(time) { [network] in
            let system = Timestamp(nanoseconds: network.realTime.nanoseconds - Self.wakeup)
            let nic = network.nicTime.map { Timestamp(nanoseconds: $0.nanoseconds - Self.sinceNIC) }
            network.receiver.receive(
                bytes,
                Ancillary(software: system, hardware: nic, vlan: tag, isChecksumPending: isChecksumPending))
        }
    }

    func probe(_ number: UInt64, at time: Int64) { receive(Self.bytes(.probe, number), at: time) }

    func request(
        _ number: UInt64, at time: Int64, session: UInt64 = 7, flags: ProbeMessage.Flags = .wantsFollowUp,
        shape: FrameShape = ListenScript.shape
    ) {
        receive(Self.bytes(.request, number, session: session, flags: flags, shape: shape), at: time)
    }

    /// From the other host to this one.
    static var shape: FrameShape { FrameShape.scripted.reversed }

    static func bytes(
        _ kind: ProbeMessage.Kind, _ number: UInt64, session: UInt64 = 7, flags: ProbeMessage.Flags = [],
        shape: FrameShape = ListenScript.shape
    ) -> [UInt8] {
        let size = shape.smallestSize(forPayload: ProbeMessage.length(of: kind))
        let message = ProbeMessage(number: number, kind: kind, flags: flags, session: session)
        return ProbeFrame(message, in: shape, size: size).bytes
    }

    // MARK: What it answers

    /// A frame that was sent, and when.
    struct Answer {
        let at: Int64
        let probe: ReceivedProbe

        var message: ProbeMessage { probe.message }
        var info: ResponderInfo { probe.message.info }
    }

    /// All answers, in the order in which they were sent.
    func answers() throws -> [Answer] {
        let frames = network.sender.sent + network.plainSender.sent
        return try frames.sorted { $0.at < $1.at }.map { Answer(at: $0.at, probe: try decode($0.bytes)) }
    }

    func replies() throws -> [Answer] { try answers().filter { $0.message.kind == .reply } }
    func followUps() throws -> [Answer] { try answers().filter { $0.message.kind == .followUp } }
}
