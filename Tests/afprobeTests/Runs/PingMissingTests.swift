import Testing

@testable import AFPacketKit
@testable import afprobe

/// The reasons that a run of ping gives for hardware stamps that are missing.
@Suite struct PingMissingTests {
    private let script = PingScript.withHardware()

    private func stampNoRequest(but number: Int? = nil) {
        script.network.sender.stamps = { [peer = script.peer] in
            $0 == number ? peer.path.requestStamps : .software
        }
    }

    private let short = PingPlan.scripted(.scripted(timeout: 10 * millisecond))

    @Test func theDriverHasNone() {
        let script = PingScript()
        #expect(script.run(.scripted()).missingHardware == [.all(.notSupported(driver: "scripted"))])
    }

    @Test func theSettingIsOff() {
        script.network.snapshot = .scripted(
            [.transmitSoftware, .transmitHardware, .receiveHardware],
            setting: HardwareTimestampingSetting(transmitType: .off, receiveFilter: .none))
        stampNoRequest()
        #expect(script.run(short).missingHardware == [.all(.transmitTypeOff)])
    }

    @Test func theFilterDoesNotMatch() {
        script.network.snapshot = .scripted(
            [.transmitSoftware, .transmitHardware, .receiveHardware],
            setting: HardwareTimestampingSetting(transmitType: .on, receiveFilter: .ptpV2))
        script.peer.hasHardwareStamp = { _ in false }
        #expect(script.run(short).missingHardware == [.all(.filterMismatch(.ptpV2))])
    }

    @Test func theNICSkipsRequests() {
        stampNoRequest(but: 1)
        script.network.counters = [DriverStatistic(name: "tx_hwtstamp_skipped", value: 5)]
        script.network.at(50 * millisecond) { [network = script.network] in
            network.counters = [DriverStatistic(name: "tx_hwtstamp_skipped", value: 7)]
        }
        let outcome = script.run(short)
        #expect(outcome.counts["missing_hardware"] == 2)
        #expect(outcome.missingHardware == [.counted(.skipped, 2, by: "tx_hwtstamp_skipped")])
    }

    /// Not even the request in flight is measured by two clocks.
    @Test(arguments: [false, true]) func aBondUsesAnotherPort(spins: Bool) {
        let middle: Int64 = 100 * millisecond + 3_000
        script.network.changeStampingDevice(at: middle)
        if spins { script.network.costOfReading = 2_000 }
        let outcome = script.run(
            .scripted(.scripted(interval: 50 * millisecond, count: 6), spins: spins))
        #expect(outcome.counts["received"] == 6 && outcome.counts["missing_hardware"] == 4)
        #expect(outcome.missingHardware == [.all(.clockChanged)])
        #expect(outcome.result[.rtt]?.count == 2 && (outcome.result[.rtt]?[.max] ?? 0) < millisecond)
        #expect(script.events.log.count { $0.hasPrefix("clockChanged") } == 1)
    }

    @Test func noCompletionComesBack() {
        stampNoRequest()
        #expect(
            script.run(short).missingHardware == [
                .timedOut(3, after: 10 * millisecond, late: 0, isQueueFull: false)
            ])
    }

    @Test func repliesAreNotStamped() {
        script.peer.hasHardwareStamp = { $0 == 1 }
        #expect(script.run(short).missingHardware == [.all(.notStamped)])
    }

    /// One lacks the request's stamp, another the reply's.
    @Test func bothWaysLackStamps() {
        script.network.sender.stamps = { [peer = script.peer] in
            $0 == 2 ? .software : peer.path.requestStamps
        }
        script.peer.hasHardwareStamp = { $0 != 3 }
        let outcome = script.run(short)
        #expect(outcome.counts["missing_hardware"] == 2)
        #expect(
            outcome.missingHardware == [
                .timedOut(1, after: 10 * millisecond, late: 0, isQueueFull: false), .all(.notStamped),
            ])
    }

    /// Noticed by a backlog of more than two batches, which a queue of the usual size always is.
    @Test func theErrorQueueIsFull() {
        let sender = script.network.sender
        sender.queueLimit = 200 * sender.completionSize
        sender.stamps = { serial in
            let left = 500 * millisecond - Int64(serial - 1) * millisecond
            return ScriptedSocket.Stamps(software: 500, hardware: 900, readable: left)
        }
        let outcome = script.run(.scripted(.scripted(interval: millisecond, count: 200)))
        #expect(sender.dropped == 200)
        #expect(outcome.missingHardware == [.timedOut(100, after: second, late: 0, isQueueFull: true)])
    }

    /// Another program changes the filter: stamps are not waited for any more, and the change is told.
    @Test func theSettingIsChangedInMidRun() {
        let other = HardwareTimestampingSetting(transmitType: .off, receiveFilter: .none)
        script.network.at(1_500 * millisecond) { [network = script.network] in
            network.snapshot.setting = other
            network.sender.stamps = { _ in .software }
        }
        script.peer.hasHardwareStamp = { $0 < 3 }
        let plan = PingPlan.scripted(.scripted(interval: second, count: 4, timeout: 900 * millisecond))
        let outcome = script.run(plan)
        #expect(
            script.events.log == [
                "answered 1", "answered 2", "timestamping lost: 1 to 0", "answered 3", "answered 4",
            ])
        #expect(outcome.missingHardware == [.all(.transmitTypeTurnedOff)])
        // The last request was settled by its follow-up, and not by its time-out.
        #expect(script.network.elapsed == 3 * second + script.peer.path.total + script.peer.followUpGap)
    }
}
