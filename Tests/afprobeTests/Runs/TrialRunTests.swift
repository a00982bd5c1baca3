import Testing

@testable import AFPacketKit
@testable import afprobe

/// The trials of `hwstamp --verify`.
@Suite struct TrialRunTests {
    private let network = ScriptedNetwork()
    private let events = RecordedEvents()
    private static let session: UInt64 = 42

    init() {
        network.nicOffset = 37 * second
        network.sender.stamps = { _ in .all }
        // A trial asks for no scheduled stamps.
        network.sender.recordsScheduled = false
    }

    private var sentAt: [Int64] { network.sender.sent.map(\.at) }

    private func run(
        _ kind: ProbeMessage.Kind = .probe, isWitnessed: Bool = false, awaitsHardware: Bool = true
    ) -> TrialRun<ScriptedPort, RecordedEvents> {
        let flags: ProbeMessage.Flags = kind == .request ? .wantsFollowUp : []
        return TrialRun(
            ScriptedPort(network.sender), Receiver(ScriptedPort(network.receiver), on: network.interface),
            isWitnessed: isWitnessed,
            ProbeMessage(number: 0, kind: kind, flags: flags, session: Self.session), in: .scripted,
            on: network.interface, awaitsHardware: awaitsHardware, events)
    }

    private let plan = TrialPlan(count: 3, interval: millisecond, timeout: 100 * millisecond)

    /// Has messages of these kinds arrive for each frame that is sent, 10 µs later.
    private func arrive(
        _ kinds: [ProbeMessage.Kind], after delay: Int64 = 10 * microsecond,
        _ edit: @escaping (inout ProbeMessage) -> Void = { _ in }
    ) {
        network.sender.whenSent = { [network] frame in
            guard var message = try? decode(frame.bytes).message else { return }
            for kind in kinds {
                message.kind = kind
                edit(&message)
                let shape: FrameShape = kind == .probe || kind == .request ? .scripted : .scripted.reversed
                let bytes = ProbeFrame(message, in: shape, size: 150).bytes
                let words = Ancillary(
                    software: network.realTime, hardware: kind == .followUp ? nil : network.nicTime)
                network.after(delay) { network.receiver.receive(bytes, words) }
            }
        }
    }

    // MARK: Stamps

    @Test func everyStampComes() {
        var run = run()
        run.begin(plan)
        #expect(play(&run, on: network).ending == .finished)
        let outcome = run.outcome
        #expect(sentAt == [0, millisecond, 2 * millisecond])
        #expect(outcome.sent == 3 && outcome.duration == 2 * millisecond && outcome.rate == 1000)
        #expect(outcome.software.latenesses == [500, 500, 500])
        #expect(outcome.hardware.latenesses == [900, 900, 900])
        // It ends with the last stamp.
        #expect(network.elapsed == 2 * millisecond + 900)
    }

    @Test func hardwareStampsNeverCome() {
        network.sender.stamps = { _ in .software }
        var run = run()
        run.begin(plan)
        #expect(play(&run, on: network).ending == .finished)
        #expect(run.outcome.software.count == 3 && run.outcome.hardware.count == 0)
        #expect(network.elapsed == 102 * millisecond)
    }

    @Test func hardwareStampsAreNotWaitedForWhereNoneAreClaimed() {
        network.sender.stamps = { _ in .software }
        var run = run(awaitsHardware: false)
        run.begin(plan)
        #expect(play(&run, on: network).ending == .finished)
        #expect(network.elapsed == 2 * millisecond + 500)
    }

    @Test func someStampsAreSkipped() {
        network.sender.stamps = { $0 == 2 ? .software : .all }
        var run = run()
        run.begin(plan)
        _ = play(&run, on: network)
        #expect(run.outcome.software.count == 3 && run.outcome.hardware.count == 2)
        #expect(run.outcome.hardware.lateness(0.5) == 900)
    }

    @Test func aRepeatedCompletionCountsOnce() {
        network.sender.whenSent = { [sender = network.sender, network] frame in
            sender.complete(frame, .sent, software: network.realTime, after: 600)
        }
        var run = run()
        run.begin(plan)
        _ = play(&run, on: network)
        #expect(run.outcome.software.latenesses == [500, 500, 500])
    }

    @Test func flatOutNothingElseIsDone() {
        network.sender.stamps = { _ in ScriptedSocket.Stamps(software: 500, hardware: 900, readable: 2_000) }
        var run = run()
        run.begin(TrialPlan(count: 100, interval: 0, timeout: 100 * millisecond))
        #expect(play(&run, on: network).ending == .finished)
        #expect(sentAt == Array(repeating: 0, count: 100) && run.outcome.rate == nil)
        #expect(run.outcome.hardware.latenesses == Array(repeating: 2_000, count: 100))
    }

    /// The ledger goes on over both: a stamp of the first that comes late is not one of the second.
    @Test func anotherTrialOverTheSameSockets() {
        network.sender.stamps = { serial in
            serial <= 3 ? ScriptedSocket.Stamps(software: 500, readable: 102_500_000) : .all
        }
        var run = run()
        run.begin(plan)
        _ = play(&run, on: network)
        #expect(run.outcome.software.count == 0)
        run.begin(plan)
        #expect(play(&run, on: network).ending == .finished)
        #expect(run.outcome.sent == 3 && run.outcome.duration == 2 * millisecond)
        #expect(run.outcome.software.latenesses == [500, 500, 500])
        #expect(run.outcome.hardware.count == 3)
    }

    // MARK: Arrivals

    @Test func witnessedFramesAreCounted() {
        network.sender.stamps = { _ in .all }
        arrive([.probe])
        var run = run(isWitnessed: true)
        run.begin(plan)
        #expect(play(&run, on: network).ending == .finished)
        let arrivals = run.outcome.arrivals
        #expect(arrivals.count == 3 && arrivals.software == 3 && arrivals.hardware == 3)
        #expect(network.elapsed == 2 * millisecond + 10 * microsecond)
    }

    @Test func framesThatDoNotArriveAreWaitedFor() {
        var run = run(isWitnessed: true)
        run.begin(plan)
        #expect(play(&run, on: network).ending == .finished)
        #expect(run.outcome.arrivals.count == 0 && network.elapsed == 102 * millisecond)
    }

    @Test func arrivalsOfAnotherSessionAreNotCounted() {
        arrive([.probe]) { $0.session = 43 }
        var run = run(isWitnessed: true)
        run.begin(plan)
        _ = play(&run, on: network)
        #expect(run.outcome.arrivals.count == 0)
    }

    /// Also not what was never sent.
    @Test func arrivalsOfAnotherTrialAreNotCounted() {
        arrive([.probe], after: 150 * millisecond)
        var run = run(isWitnessed: true)
        run.begin(plan)
        _ = play(&run, on: network)
        arrive([.probe])
        run.begin(TrialPlan(count: 3, interval: 30 * millisecond, timeout: 100 * millisecond))
        _ = play(&run, on: network)
        #expect(run.outcome.arrivals.count == 3)
        arrive([.probe]) { $0.number += 100 }
        run.begin(plan)
        _ = play(&run, on: network)
        #expect(run.outcome.arrivals.count == 0)
    }

    /// A peer answers, and says what it stamped itself.
    @Test func whatAPeerStampedIsCounted() {
        arrive([.reply, .followUp]) {
            $0.info[.receivedSoftware] = 1
            $0.info[.receivedHardware] = $0.number == 1 ? nil : 2
            $0.info[.sentSoftware] = $0.kind == .followUp ? 3 : nil
        }
        var run = run(.request, isWitnessed: true)
        run.begin(plan)
        #expect(play(&run, on: network).ending == .finished)
        let arrivals = run.outcome.arrivals
        #expect(arrivals.count == 3 && arrivals.followUps == 3)
        #expect(arrivals.peer.receivedSoftware == 3 && arrivals.peer.receivedHardware == 2)
        #expect(arrivals.peer.sentSoftware == 3 && arrivals.peer.sentHardware == 0)
        #expect(network.elapsed == 2 * millisecond + 10 * microsecond)
    }

    /// An echo of the requests, by whomever.
    @Test func anEchoIsNoAnswer() {
        arrive([.request, .request])
        var run = run(.request, isWitnessed: true)
        run.begin(plan)
        _ = play(&run, on: network)
        #expect(run.outcome.arrivals.count == 0 && run.outcome.arrivals.followUps == 0)
    }

    @Test func whatComesTwiceCountsOnce() {
        arrive([.reply, .reply, .followUp, .followUp])
        var run = run(.request, isWitnessed: true)
        run.begin(plan)
        _ = play(&run, on: network)
        #expect(run.outcome.arrivals.count == 3 && run.outcome.arrivals.followUps == 3)
    }

    @Test func followUpsAreWaitedFor() {
        arrive([.reply])
        var run = run(.request, isWitnessed: true)
        run.begin(plan)
        _ = play(&run, on: network)
        #expect(run.outcome.arrivals.count == 3 && network.elapsed == 102 * millisecond)
    }

    // MARK: Ends

    @Test func aSignalStopsIt() {
        network.signal(.stop, at: 1_500 * microsecond)
        var run = run()
        run.begin(plan)
        #expect(play(&run, on: network).ending == .stopped)
        #expect(run.outcome.sent == 2 && run.outcome.hardware.count == 2)
        #expect(network.elapsed == 1_500 * microsecond)
    }

    @Test func aFrameThatFindsNoRoomIsSentLater() {
        network.sender.outcomes = [2: .full(for: 500 * microsecond)]
        var run = run()
        run.begin(plan)
        #expect(play(&run, on: network).ending == .finished)
        #expect(sentAt == [0, 2 * millisecond, 3 * millisecond] && run.outcome.hardware.count == 3)
    }

    @Test func anErrorEndsIt() throws {
        network.sender.outcomes = [2: .failed(.networkDown)]
        var run = run()
        run.begin(plan)
        let error = try #require(play(&run, on: network).error)
        guard case .send = error.operation else {
            Issue.record("\(error)")
            return
        }
        #expect(run.outcome.sent == 1)
    }
}

@Suite struct RateAgreementTests {
    private func agreement(_ rates: UInt64?...) -> RateAgreement {
        var agreement = RateAgreement()
        for rate in rates { agreement.add((rate, TrialOutcome())) }
        return agreement
    }

    @Test func oneResultIsNone() {
        #expect(!agreement(100).isReached && agreement(100).sustained == nil)
    }

    /// The lower of the two, in whatever order they came.
    @Test func twoThatAgreeAreEnough() {
        #expect(agreement(1000, 950).sustained == 950 && agreement(901, 1000).sustained == 901)
        #expect(!agreement(899, 1000).isReached)
        #expect(agreement(100, 1000, 500, 960).sustained == 960)
    }

    @Test func twoWithoutARateAgree() {
        #expect(agreement(nil, nil).isReached && agreement(nil, nil).sustained == nil)
        #expect(!agreement(nil, 100).isReached)
    }
}
