import Testing

@testable import AFPacketKit
@testable import afprobe

/// The stamps that come back to send, and what is said of those that do not.
@Suite struct SendStampTests {
    private let script = SendScript()
    private var log: [String] { script.events.log }
    private let start = ScriptedNetwork.start + ScriptedNetwork.epoch

    private func reasons(_ index: Int) -> [MissingReason?] {
        guard script.events.completed.indices.contains(index) else { return [] }
        let missing = script.events.completed[index].missing
        return [missing.scheduled, missing.software, missing.hardware]
    }

    @Test func allStampsCome() throws {
        let script = SendScript.withHardware()
        let outcome = script.run(.scripted(options: .stages, count: 1))
        let frame = try #require(script.events.completed.first)
        #expect(frame.stamps.userspace?.nanoseconds == start)
        #expect(frame.stamps.scheduled?.nanoseconds == start + 200)
        #expect(frame.stamps.software?.nanoseconds == start + 500)
        #expect(frame.stamps.hardware?.nanoseconds == start + 37 * second + 900)
        #expect(frame.clock == "ptp3" && frame.size == 150 && frame.shape == .scripted)
        #expect(frame.missing.scheduled == nil && frame.missing.software == nil)
        #expect(frame.missing.hardware == nil)
        #expect(outcome.tally == ["software": 1, "hardware": 1])
        #expect(outcome.result.missingHardware == [] && outcome.result.missingSoftware == [])
        #expect(script.network.elapsed == 900)
    }

    /// The NIC's first, the driver's then.
    @Test func stampsComeInEitherOrder() {
        let script = SendScript.withHardware()
        script.sender.stamps = { _ in ScriptedSocket.Stamps(scheduled: 900, software: 500, hardware: 200) }
        let outcome = script.run(.scripted(options: .stages, count: 1))
        #expect(outcome.tally == ["software": 1, "hardware": 1])
        #expect(script.network.elapsed == 900)
    }

    @Test func aBondUsesAnotherPort() {
        let script = SendScript.withHardware()
        script.network.changeStampingDevice(at: 1_500 * millisecond)
        let outcome = script.run(.scripted(interval: second, count: 4))
        #expect(outcome.tally == ["software": 4, "hardware": 2, "missing hardware": 2])
        #expect(outcome.result.missingHardware == [.all(.clockChanged)])
        #expect(script.events.completed.map(\.missing.hardware) == [nil, nil, .clockChanged, .clockChanged])
        #expect(script.network.elapsed < 4 * second)
    }

    @Test func anOverdueStampIsMissing() {
        script.sender.stamps = { $0 == 2 ? .none : .software }
        let outcome = script.run()
        #expect(log == ["completed 1", "completed 3", "completed 2"])
        #expect(script.network.elapsed == 1_100 * millisecond)
        #expect(outcome.tally == ["software": 2, "missing software": 1, "missing hardware": 3])
        #expect(reasons(2) == [.notScheduled, .timedOut(after: second), .notSupported(driver: "scripted")])
        #expect(outcome.result.missingSoftware == [.timedOut(1, after: second, late: 0, isQueueFull: false)])
        #expect(outcome.result.missingHardware == [.all(.notSupported(driver: "scripted"))])
    }

    @Test func aLateStampIsCounted() {
        script.sender.stamps = {
            $0 == 1 ? ScriptedSocket.Stamps(software: 500, readable: 1_500 * millisecond) : .software
        }
        let outcome = script.run(.scripted(interval: second))
        #expect(
            outcome.tally == [
                "software": 2, "missing software": 1, "late software": 1, "missing hardware": 3,
            ])
        #expect(outcome.result.missingSoftware == [.timedOut(1, after: second, late: 1, isQueueFull: false)])
        // It was told when it timed out, and not again.
        #expect(log == ["completed 1", "completed 2", "completed 3"])
    }

    @Test func aLateHardwareStampIsCounted() {
        let script = SendScript.withHardware()
        script.sender.whenSent = { [sender = script.sender, network = script.network] frame in
            guard frame.serial == 1, let nic = network.nicTime else { return }
            sender.complete(frame, .sent, hardware: nic, after: 1_500 * millisecond)
        }
        script.sender.stamps = { $0 == 1 ? .software : .all }
        let outcome = script.run(.scripted(interval: second))
        #expect(
            outcome.tally == ["software": 3, "hardware": 2, "missing hardware": 1, "late hardware": 1])
        #expect(outcome.result.missingHardware == [.timedOut(1, after: second, late: 1, isQueueFull: false)])
    }

    @Test func noStampsAreAskedFor() {
        script.sender.stamps = { _ in .none }
        let outcome = script.run(.scripted(options: TransmitOptions(stamps: .none)))
        #expect(log == ["completed 1", "completed 2", "completed 3"])
        #expect(reasons(0) == [.notAskedFor, .notAskedFor, .notAskedFor])
        #expect(outcome.result.missingSoftware == [.all(.notAskedFor)])
        #expect(!outcome.hasMeasured && script.network.elapsed == 200 * millisecond)
        #expect(outcome.scheduleErrors == nil)
    }

    @Test func aQuietRunIsTheSame() {
        script.events.takesFrames = false
        script.sender.stamps = { $0 == 2 ? .none : .software }
        let outcome = script.run()
        #expect(outcome.tally == ["software": 2, "missing software": 1, "missing hardware": 3])
        #expect(log == [])
        #expect(outcome.scheduleErrors?.count == 2)
    }

    @Test func theQdiscIsBypassed() {
        script.sender.stamps = { _ in .software }
        var options = TransmitOptions.stages
        options.bypassesQdisc = true
        let outcome = script.run(.scripted(options: options, count: 1))
        #expect(reasons(0) == [.qdiscBypassed, nil, .notSupported(driver: "scripted")])
        #expect(outcome.tally["software"] == 1 && script.network.elapsed == 500)
    }

    // MARK: Hardware stamps

    @Test func theNICSkipsStamps() {
        let script = SendScript.withHardware()
        script.sender.stamps = { $0 == 1 ? .all : .software }
        script.network.counters = [DriverStatistic(name: "tx_hwtstamp_skipped", value: 0)]
        script.network.at(150 * millisecond) { [network = script.network] in
            network.counters = [DriverStatistic(name: "tx_hwtstamp_skipped", value: 1)]
        }
        let outcome = script.run()
        // One of two was skipped, as the driver counts.
        #expect(
            script.events.completed.map(\.missing.hardware) == [nil, .skipped, .timedOut(after: second)])
        #expect(
            outcome.result.missingHardware == [
                .counted(.skipped, 1, by: "tx_hwtstamp_skipped"),
                .timedOut(1, after: second, late: 0, isQueueFull: false),
            ])
    }

    @Test func theSettingIsTurnedOffInMidRun() {
        let script = SendScript.withHardware()
        script.network.at(1_500 * millisecond) { [network = script.network, sender = script.sender] in
            network.snapshot.setting = HardwareTimestampingSetting(transmitType: .off, receiveFilter: .none)
            sender.stamps = { _ in .software }
        }
        let outcome = script.run(.scripted(interval: second))
        #expect(
            script.events.log == ["completed 1", "completed 2", "timestamping lost: 1 to 0", "completed 3"])
        #expect(script.events.completed.map(\.missing.hardware) == [nil, nil, .transmitTypeTurnedOff])
        #expect(outcome.result.missingHardware == [.all(.transmitTypeTurnedOff)])
        // Nothing more is waited for.
        #expect(script.network.elapsed == 2 * second + 500)
    }

    // MARK: The error queue

    @Test func theErrorQueueIsFull() {
        script.sender.queueLimit = 200 * script.sender.completionSize
        script.sender.stamps = { serial in
            let left = 500 * millisecond - Int64(serial - 1) * millisecond
            return ScriptedSocket.Stamps(software: 500, readable: left)
        }
        let outcome = script.run(.scripted(interval: millisecond, count: 300))
        #expect(script.sender.dropped == 100)
        #expect(outcome.result.overflows == 1)
        #expect(outcome.result.missingSoftware == [.timedOut(100, after: second, late: 0, isQueueFull: true)])
    }

    /// As many as fit, and one more that does not come.
    @Test func aLargeBacklogThatFitsIsNoOverflow() {
        script.sender.queueLimit = 302 * script.sender.completionSize
        script.sender.stamps = { serial in
            let left = 500 * millisecond - Int64(serial - 1) * millisecond
            return ScriptedSocket.Stamps(software: 500, readable: left)
        }
        let outcome = script.run(.scripted(interval: millisecond, count: 300))
        #expect(script.sender.dropped == 0 && outcome.result.overflows == 0)
        #expect(outcome.tally["software"] == 300)
    }

    // MARK: Completions that do not fit

    @Test func aCompletionOfNothing() {
        let foreign = [UInt8](repeating: 9, count: 60)
        let words = Ancillary(
            software: Timestamp(nanoseconds: 5), transmission: TransmitCompletion(event: .sent, key: 77))
        script.network.at(50 * millisecond) { [sender = script.sender] in sender.complete(foreign, words) }
        let outcome = script.run()
        #expect(outcome.tally == ["software": 3, "unmatched": 1, "missing hardware": 3])
    }

    /// The key of the second, and the bytes of the first.
    @Test func aKeyThatContradictsTheFrame() {
        script.sender.whenSent = { [sender = script.sender] frame in
            guard frame.serial == 2 else { return }
            let stamp = Timestamp(nanoseconds: 5)
            sender.complete(sender.sent[frame.serial - 2], .sent, software: stamp, key: frame.key, after: 600)
        }
        let outcome = script.run()
        #expect(outcome.tally == ["software": 3, "mismatched": 1, "missing hardware": 3])
    }
}
