import AFPacketKit

/// When a sent frame was seen on its way out.
struct TransmitStamps {
    /// The send call: CLOCK_REALTIME just before it.
    var userspace: Timestamp?
    /// Entry to the packet scheduler.
    var scheduled: Timestamp?
    /// The driver handed it to the NIC.
    var software: Timestamp?
    /// The NIC sent it: the NIC's own clock.
    var hardware: Timestamp?
}

/// Which stamps of a sent frame there is reason to wait for.
struct ExpectedStamps {
    var scheduled = false
    var software = true
    var hardware = false

    /// Whether nothing more is to come.
    func areComplete(_ stamps: TransmitStamps) -> Bool {
        (!scheduled || stamps.scheduled != nil) && (!software || stamps.software != nil)
            && (!hardware || stamps.hardware != nil)
    }

    /// What can be expected of an interface as it is set now.
    init(on interface: NetworkInterface, scheduled: Bool) {
        self.scheduled = scheduled
        let capabilities = try? interface.timestampingCapabilities()
        let setting = try? interface.hardwareTimestampingSetting()
        hardware =
            capabilities?.flags.contains(.transmitHardware) ?? false
            && setting.map { $0.transmitType != .off } ?? false
    }
}

/// Sends numbered frames of one shape and reads back when they left.
struct Transmitter: ~Copyable {
    let socket: PacketSocket
    private var frame: ProbeFrame
    private var reports: MessageBatch

    /// - Parameters:
    ///   - size: the length of every frame, without the FCS.
    ///   - scheduled: whether to ask for scheduled stamps, which cost a fifth of the sending rate.
    init(
        on interface: NetworkInterface, _ message: ProbeMessage, in shape: FrameShape, size: Int,
        priority: Int?, scheduled: Bool
    ) throws(SystemError) {
        var flags: TimestampingFlags = [
            .transmitSoftware, .transmitHardware, .software, .rawHardware, .identifier, .transmitBoth,
        ]
        if scheduled { flags.insert(.transmitScheduled) }
        let socket = try PacketSocket.transmitter(
            on: interface, timestamping: flags, priority: priority)
        self.socket = socket
        frame = ProbeFrame(message, in: shape, size: size)
        // A tunnel's headers come back in front of the frame.
        reports = MessageBatch(capacity: 64, frameCapacity: size + 128)
    }

    /// Sends the frame with that number, and returns the time just before; nil where there is no room now.
    mutating func send(_ number: UInt64) throws(SystemError) -> Timestamp? {
        frame.renumber(to: number)
        let userspace = Timestamp.now()
        return try socket.send(frame.bytes.span) ? userspace : nil
    }

    /// Reads the reports that wait, as many as a batch holds, and returns how many these are.
    mutating func receiveReports() throws(SystemError) -> Int {
        try socket.receiveReports(into: &reports)
        return reports.count
    }

    /// Whether reports may be left that the last batch had no room for.
    var mayHaveMore: Bool { reports.count == reports.capacity }

    /// The report at `index` of those read last: which probe it is about, told by the number in the frame
    /// that came back with it, and its stamps. Nil if it is about no probe.
    func report(at index: Int) -> (number: UInt64, stamps: TransmitStamps)? {
        let message = reports[index]
        guard let report = message.ancillary.transmission,
            let number = frame.number(inReturned: message.frame)
        else { return nil }
        var stamps = TransmitStamps()
        switch report.event {
        case .scheduled: stamps.scheduled = message.ancillary.software
        case .sent:
            stamps.software = message.ancillary.software
            stamps.hardware = message.ancillary.hardware
        default: return nil
        }
        return (number, stamps)
    }
}

extension TransmitStamps {
    /// Adds the stamps of a report, and tells whether it brought any that were not there. The first of
    /// each kind counts: stacked devices repeat the scheduled stamp.
    mutating func merge(_ other: TransmitStamps) -> Bool {
        var isNews = false
        func take(_ new: Timestamp?, _ known: inout Timestamp?) {
            guard known == nil, let new else { return }
            known = new
            isNews = true
        }
        take(other.scheduled, &scheduled)
        take(other.software, &software)
        take(other.hardware, &hardware)
        return isNews
    }
}
