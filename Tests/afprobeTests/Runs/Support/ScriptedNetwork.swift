import Testing

@testable import AFPacketKit
@testable import afprobe

/// The network, the interface and the clocks of a run, as a test scripts them. Time passes only while the run waits, so
/// that every stamp and every time-out is known to the nanosecond.
final class ScriptedNetwork {
    enum Link {
        case up
        case down
        case gone
    }

    static let address = MACAddress(0x0200_0000_000a)
    static let peer = MACAddress(0x0200_0000_000b)
    /// CLOCK_MONOTONIC when the script begins, and how far CLOCK_REALTIME is ahead of it then.
    static let start: Int64 = 1_000_000_000
    static let epoch: Int64 = 1_700_000_000_000_000_000

    /// CLOCK_MONOTONIC.
    private(set) var now = MonotonicTime(nanoseconds: start)
    /// CLOCK_REALTIME minus CLOCK_MONOTONIC: a script sets the clock by this.
    var epoch = ScriptedNetwork.epoch
    /// The NIC's clock minus CLOCK_REALTIME as it is set at the start; nil if it has no clock.
    var nicOffset: Int64?
    /// The error of every comparison of the two.
    var comparisonError: Int64 = 0
    /// Nanoseconds that pass with each reading of CLOCK_MONOTONIC: for runs that spin.
    var costOfReading: Int64 = 0
    /// Nanoseconds by which a sleep is too long.
    var oversleep: Int64 = 0
    var link = Link.up
    /// The kernel's count of losses of the carrier; nil if it does not tell.
    var carrierLosses: UInt32?
    var mtu = 1500
    var snapshot = TimestampingSnapshot.software
    var counters: [DriverStatistic] = []
    var addresses = ListenScript.addresses
    /// The device that stamps, and whether the network tells of a change of a link.
    private var stampingDevice: CInt? = 2
    private var hasLinkChange = false
    private(set) var isBond = false

    /// Sends requests or probes, or the replies that are stamped.
    let sender = ScriptedSocket()
    /// Sends what is not stamped.
    let plainSender = ScriptedSocket()
    /// Receives.
    let receiver = ScriptedSocket()

    /// Receives probes of other forms.
    let otherForms = ScriptedSocket()

    /// Signals that wait, and whether the reader of the output has gone.
    private(set) var signals: [RunRequest] = []
    private(set) var hasLostReader = false
    private(set) var waits: [Int64] = []
    private var turns = 0
    private static let mostTurns = 200_000
    private var events: [(time: MonotonicTime, action: () -> Void)] = []

    init() {
        for socket in [sender, plainSender, receiver, otherForms] { socket.network = self }
    }

    // MARK: Clocks

    /// Nanoseconds since the script began.
    var elapsed: Int64 { now.nanoseconds - Self.start }

    var realTime: Timestamp { Timestamp(nanoseconds: now.nanoseconds + epoch) }

    /// The NIC's clock, which nobody sets.
    var nicTime: Timestamp? {
        nicOffset.map { Timestamp(nanoseconds: now.nanoseconds + Self.epoch + $0) }
    }

    func readClock() -> MonotonicTime {
        guard costOfReading > 0 else { return now }
        advance(to: now + costOfReading)
        return now
    }

    /// Counts a turn of the loop, of which there is no end where a run neither waits nor ends.
    func turn() -> MonotonicTime {
        turns += 1
        precondition(turns < 10 * Self.mostTurns, "the run goes on without end, and without a wait")
        if turns == Self.mostTurns {
            Issue.record("the run goes on without end")
            signals.append(.stop)
        }
        return readClock()
    }

    // MARK: The script

    /// Has something happen so many nanoseconds after the script began.
    func at(_ time: Int64, _ action: @escaping () -> Void) {
        schedule(MonotonicTime(nanoseconds: Self.start + time), action)
    }

    /// The same, so many nanoseconds from now.
    func after(_ delay: Int64, _ action: @escaping () -> Void) { schedule(now + delay, action) }

    /// Events of one time happen in the order in which they were scheduled.
    private func schedule(_ time: MonotonicTime, _ action: @escaping () -> Void) {
        let before = events.lastIndex { $0.time <= time }
        events.insert((time, action), at: before.map { $0 + 1 } ?? 0)
    }

    func signal(_ request: RunRequest, at time: Int64) { at(time) { self.signals.append(request) } }

    func loseReader(at time: Int64) { at(time) { self.hasLostReader = true } }

    func setLink(_ link: Link, at time: Int64) { at(time) { self.link = link } }

    /// Has the carrier been lost so often, and back before that is announced.
    func flap(to losses: UInt32?, at time: Int64) {
        at(time) {
            self.carrierLosses = losses
            self.hasLinkChange = true
        }
    }

    /// Has a bond use another port, whose NIC has another clock.
    func changeStampingDevice(at time: Int64) {
        isBond = true
        at(time) {
            self.stampingDevice = 7
            self.hasLinkChange = true
            self.nicOffset = self.nicOffset.map { $0 + 3_600_000_000_000 }
        }
    }

    /// Lets the time pass, and happen what is due meanwhile.
    func advance(to time: MonotonicTime) {
        while let next = events.first, next.time <= time {
            events.removeFirst()
            now = max(now, next.time)
            next.action()
        }
        now = max(now, time)
    }

    /// Lets everything happen that is due by now.
    func happen() { advance(to: now) }

    // MARK: Waiting

    /// Waits until something is ready, but not beyond a deadline.
    func wait(until deadline: MonotonicTime, room: Bool, without paused: PollSet.Members) -> PollSet.Members {
        func ready(room: Bool) -> PollSet.Members { self.ready(room: room).subtracting(paused) }
        happen()
        while ready(room: room).isEmpty, let next = events.first, next.time <= deadline {
            advance(to: next.time)
        }
        let found = ready(room: room)
        if found.isEmpty { passTime(until: deadline) }
        waits.append(elapsed)
        defer { hasLinkChange = false }
        return ready(room: room)
    }

    private func passTime(until deadline: MonotonicTime) {
        guard deadline == .never else { return advance(to: deadline) }
        Issue.record("the script is over, and the run waits for more")
        signals.append(.stop)
    }

    private func ready(room: Bool) -> PollSet.Members {
        var ready: PollSet.Members = []
        if !receiver.frames.isEmpty || receiver.receiveError != nil { ready.insert(.frames) }
        if !otherForms.frames.isEmpty { ready.insert(.otherForms) }
        let hasCompletions = !sender.completions.isEmpty || sender.pendingError != nil
        if hasCompletions || room && sender.hasRoom { ready.insert(.completions) }
        if !signals.isEmpty { ready.insert(.signals) }
        if hasLostReader { ready.insert(.reader) }
        if hasLinkChange { ready.insert(.links) }
        return ready
    }

    /// Waits for a frame alone, in the receive call.
    func waitForFrame() {
        happen()
        let deadline = now + TimestampedSocket.maxWait
        while receiver.frames.isEmpty, receiver.receiveError == nil, let next = events.first,
            next.time <= deadline
        {
            advance(to: next.time)
        }
        if receiver.frames.isEmpty, receiver.receiveError == nil { advance(to: deadline) }
    }

    func nextSignal() -> RunRequest? { signals.isEmpty ? nil : signals.removeFirst() }

    // MARK: The interface

    var interface: NetworkInterface {
        NetworkInterface(name: "test0", index: 2, address: Self.address, mtu: mtu, isUp: link == .up)
    }

    var reader: InterfaceReader {
        InterfaceReader(
            interface: interface, snapshot: { self.snapshot }, setting: { self.snapshot.setting },
            counters: { self.counters }, stampingDevice: { self.stampingDevice },
            current: { () throws(SystemError) in try self.currentInterface() },
            carrierLosses: { self.carrierLosses }, addresses: { self.addresses },
            comparison: { self.compare() }
        )
    }

    private func currentInterface() throws(SystemError) -> NetworkInterface {
        guard link != .gone else { throw SystemError("if_indextoname", .noSuchDevice) }
        return interface
    }

    private func compare() -> PTPClock.CrossTimestamp? {
        nicTime.map {
            PTPClock.CrossTimestamp(offset: $0 - realTime, error: comparisonError, method: .extended)
        }
    }
}

/// The sources of a loop that a script drives.
struct ScriptedSources: RunSources, ~Copyable {
    let network: ScriptedNetwork

    func now() -> MonotonicTime { network.turn() }
    var linkMayChange: Bool { network.isBond }

    mutating func wait(
        until deadline: MonotonicTime, room isWaitingForRoom: Bool, without paused: PollSet.Members
    ) throws(SystemError) -> PollSet.Members {
        network.wait(until: deadline, room: isWaitingForRoom, without: paused)
    }

    mutating func nextRequest() -> RunRequest? { network.nextSignal() }
}

extension TimestampingSnapshot {
    /// A driver that stamps what it sends, without a NIC that does.
    static var software: TimestampingSnapshot { scripted([.transmitSoftware], setting: nil) }

    /// A NIC that stamps every frame.
    static var hardware: TimestampingSnapshot {
        scripted(
            [.transmitSoftware, .transmitHardware, .receiveHardware],
            setting: HardwareTimestampingSetting(transmitType: .on, receiveFilter: .everything))
    }

    static func scripted(
        _ flags: TimestampingFlags, setting: HardwareTimestampingSetting?
    ) -> TimestampingSnapshot {
        let hasNIC = setting != nil
        return TimestampingSnapshot(
            capabilities: TimestampingCapabilities(
                flags: flags.rawValue, transmitTypes: hasNIC ? 0b11 : 0, receiveFilters: hasNIC ? 0b11 : 0,
                clockIndex: hasNIC ? 3 : nil), setting: setting, driver: "scripted")
    }
}
