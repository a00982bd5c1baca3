import Testing

@testable import AFPacketKit
@testable import afprobe

/// Events about the kernel's counters, the link and the NIC's setting.
@Suite struct ListenInterfaceTests {
    private let script = ListenScript()
    private var log: [String] { script.events.log }

    // MARK: Counters

    private func count(_ statistics: PacketStatistics, at time: Int64) {
        script.network.at(time) { [network = script.network] in network.receiver.statistics = statistics }
    }

    /// The kernel counts from zero after each reading; running totals are told.
    @Test func countersAreToldAtEachInterval() {
        count(PacketStatistics(packets: 3), at: 1 * second)
        count(PacketStatistics(packets: 4, drops: 1), at: 6 * second)
        let outcome = script.run(ListenScript.plan(deadline: 12 * second, statistics: 5 * second))
        #expect(log == ["counted 3 0", "counted 7 1"])
        #expect(outcome.result.statistics == PacketStatistics(packets: 7, drops: 1))
    }

    /// The program did not run for a while: what was missed is told once, and the rhythm stays.
    @Test func missedIntervalsAreToldOnce() {
        var times: [Int64] = []
        script.events.whenTold = { [network = script.network] line in
            if line == "received 1" { network.advance(to: network.now + 12 * second) }
            if line.hasPrefix("counted") { times.append(network.elapsed) }
        }
        script.probe(1, at: 1 * second)
        _ = script.run(ListenScript.plan(deadline: 21 * second, statistics: 5 * second))
        #expect(times == [13 * second, 15 * second, 20 * second])
    }

    // MARK: The link

    /// A count that cannot be read once is no loss.
    @Test func eachShortLossOfTheCarrierIsToldOnce() {
        script.network.carrierLosses = 3
        for (losses, time) in [(5, 1), (nil, 2), (5, 3), (6, 4)] as [(UInt32?, Int64)] {
            script.network.flap(to: losses, at: time * second)
        }
        _ = script.run(ListenScript.plan(deadline: 6 * second))
        #expect(
            log == ["carrierFlapped(\"test0\", times: 2)", "carrierFlapped(\"test0\", times: 1)"])
    }

    private func lose(_ link: ScriptedNetwork.Link, at time: Int64) {
        script.network.setLink(link, at: time)
        script.network.at(time) { [network = script.network] in network.receiver.receiveError = .networkDown }
    }

    @Test func theLinkGoesDownAndComesUp() {
        var times: [Int64] = []
        script.events.whenTold = { [network = script.network] _ in times.append(network.elapsed) }
        lose(.down, at: 20 * millisecond)
        script.network.setLink(.up, at: 400 * millisecond)
        script.probe(1, at: 700 * millisecond)
        let outcome = script.run()
        #expect(log == ["link down", "link up", "received 1"])
        // Looked at a quarter and half a second after it went down.
        #expect(times == [20 * millisecond, 520 * millisecond, 700 * millisecond])
        #expect(outcome.ending == .finished)
    }

    @Test func theInterfaceGoes() throws {
        lose(.gone, at: 20 * millisecond)
        let outcome = script.run()
        let error = try #require(outcome.error)
        guard case .findInterface = error.operation else {
            Issue.record("\(error)")
            return
        }
        #expect(script.network.elapsed == 20 * millisecond)
    }

    /// First down, and deleted then: the next look at it finds that.
    @Test func theInterfaceGoesWhileItIsDown() throws {
        lose(.down, at: 20 * millisecond)
        script.network.setLink(.gone, at: 100 * millisecond)
        let outcome = script.run()
        #expect(outcome.error != nil && log == ["link down"])
        #expect(script.network.elapsed == 270 * millisecond)
    }

    // MARK: The setting

    private func set(_ filter: ReceiveFilter, at time: Int64, _ script: ListenScript) {
        script.network.at(time) { [network = script.network] in
            network.snapshot.setting = HardwareTimestampingSetting(
                transmitType: .off, receiveFilter: filter)
        }
    }

    @Test func theSettingIsChangedInMidRun() throws {
        let script = ListenScript.withHardware()
        set(.ptpV2, at: 1_500 * millisecond, script)
        script.probe(1, at: 1 * second)
        script.network.at(1_600 * millisecond) { [network = script.network] in network.nicOffset = nil }
        script.probe(2, at: 3 * second)
        let outcome = script.run(ListenScript.plan(deadline: 4 * second))
        #expect(script.events.log == ["received 1", "timestamping lost: 1 to 12", "received 2"])
        #expect(script.events.missing == [nil, .filterChanged(.ptpV2)])
        #expect(outcome.result.missingHardware == [.all(.filterChanged(.ptpV2))])
    }

    @Test func aBondUsesAnotherPort() throws {
        let script = ListenScript.withHardware()
        script.network.changeStampingDevice(at: 1_500 * millisecond)
        script.request(1, at: 1 * second, flags: [.wantsFollowUp, .wantsScheduledStamp])
        script.request(2, at: 2 * second, flags: [.wantsFollowUp, .wantsScheduledStamp])
        let outcome = script.run(ListenScript.plan(deadline: 4 * second))
        #expect(script.events.missing == [nil, .clockChanged])
        #expect(outcome.result.missingHardware == [.all(.clockChanged)])
        let infos = try script.followUps().map(\.message.info)
        for value in [.receivedHardware, .sentHardware, .clockOffset] as [ResponderInfo.Value] {
            #expect(infos.map { $0[value] != nil } == [true, false], "\(value)")
        }
        #expect(try script.followUps().last?.at == 2 * second + 500)
    }

    /// Replies are not followed up late for a stamp that cannot come any more.
    @Test func repliesDoNotWaitForStampsThatWereTurnedOff() throws {
        let script = ListenScript.withHardware()
        set(.everything, at: 500 * millisecond, script)
        script.network.sender.stamps = { $0 == 1 ? .all : .software }
        script.request(1, at: 100 * millisecond)
        script.request(2, at: 2 * second)
        _ = script.run(ListenScript.plan(deadline: 4 * second))
        #expect(try script.followUps().map(\.at) == [100 * millisecond + 900, 2 * second + 500])
    }

    @Test func theFilterNeverMatched() {
        let script = ListenScript.withHardware()
        script.network.snapshot.setting = HardwareTimestampingSetting(
            transmitType: .on, receiveFilter: .ptpV2)
        script.network.nicOffset = nil
        script.probe(1, at: millisecond)
        let outcome = script.run()
        #expect(script.events.missing == [.filterMismatch(.ptpV2)])
        #expect(outcome.result.missingHardware == [.all(.filterMismatch(.ptpV2))])
    }

    @Test func theNICSkipsFrames() {
        let script = ListenScript.withHardware()
        script.network.nicOffset = nil
        script.probe(1, at: millisecond)
        script.network.counters = [DriverStatistic(name: "rx_hwtstamp_cleared", value: 1)]
        script.network.at(millisecond) { [network = script.network] in
            network.counters = [DriverStatistic(name: "rx_hwtstamp_cleared", value: 3)]
        }
        #expect(script.run().result.missingHardware == [.counted(.notStamped, 1, by: "rx_hwtstamp_cleared")])
    }
}
