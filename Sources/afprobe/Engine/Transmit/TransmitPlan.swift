import AFPacketKit

/// The way this host sends frames, apart from their content.
struct TransmitOptions {
    /// The stamps of sent frames that are asked for.
    enum Stamps {
        /// None: they cost more than a third of the sending rate.
        case none
        /// The stamps of the driver and the NIC.
        case sent
        /// The scheduled stamps, too, which cost a fifth of the sending rate.
        case scheduled
    }

    var stamps = Stamps.sent
    /// Tells whether the NIC's stamps are asked for, too.
    var asksHardware = true
    /// The class for the packet scheduler, 0 to 15; nil for the kernel's choice.
    var priority: Int?
    var bypassesQdisc = false
    /// The clock of the frames' launch times; nil if they leave at once.
    var launchClock: ClockPair.Clock?
}

extension PacketSocket {
    /// Opens the socket of a run that sends through an interface as it is set now.
    static func transmitter(
        on interface: NetworkInterface, _ options: TransmitOptions, _ snapshot: TimestampingSnapshot
    ) throws(SystemError) -> TimestampedSocket {
        var options = options
        options.asksHardware = snapshot.stampsTransmitHardware
        return try transmitter(on: interface, options)
    }

    /// Opens a socket that sends.
    static func transmitter(
        on interface: NetworkInterface, _ options: TransmitOptions
    ) throws(SystemError) -> TimestampedSocket {
        var flags: TimestampingFlags = [
            .transmitSoftware, .software, .rawHardware, .identifier, .transmitBoth,
        ]
        if options.asksHardware { flags.insert(.transmitHardware) }
        switch options.stamps {
        case .none: flags = []
        case .sent: break
        case .scheduled: flags.insert(.transmitScheduled)
        }
        return try transmitter(
            on: interface, timestamping: flags, priority: options.priority,
            bypassesScheduler: options.bypassesQdisc, launchClock: options.launchClock)
    }
}

/// The frames to be sent, their rate, and the duration.
struct TransmitPlan {
    let shape: FrameShape
    /// The length of every frame, without the FCS.
    let size: Int
    let options: TransmitOptions
    /// Nanoseconds between frames; 0 is flat out.
    let interval: Int64
    /// Frames to be measured; nil for no end.
    let count: UInt64?
    /// Frames sent before these and not measured.
    let warmup: UInt64
    /// Nanoseconds after which to end, whatever has come.
    let deadline: Int64?
    /// Nanoseconds to wait for a frame's stamps or answer.
    let timeout: Int64
    /// Nanoseconds to wait, after that, for the follow-up of an answer in time; 0 if there are none.
    var followUpTimeout: Int64 = 0
    /// Tells whether to spin until a frame is due, once it nearly is.
    var spinsUntilDue = false
    /// Frames that are sent by one call, and are due together.
    var batch = 1
    /// Nanoseconds from a frame's due time, when it is handed to the kernel, to its launch time; nil if it leaves at
    /// once.
    var launchOffset: Int64?
    /// Frames to be sent instead of probes.
    var replay: ReplayFrames?
    /// Tells whether datagrams are sent, whose way may be interrupted.
    var isDatagram = false
    /// Tells whether they keep the intervals at which they were captured.
    var keepsDistances = false
    /// Nanoseconds between the figures of two intervals; nil for those of the whole run alone.
    var statisticsInterval: Int64?

    /// The number of frames prepared together. Flat out, calls for single frames are made several at a time: one check
    /// for all of them, and one call for their completions, cost less ("send one by one"). More gain nothing, because
    /// the completions have left the cache by then.
    func framesAtOnce(isStopAndWait: Bool) -> Int {
        let calls = interval == 0 && !isStopAndWait ? max(1, 8 / batch) : 1
        return calls * batch
    }

    /// The maximum number of nanoseconds for which a frame is in flight.
    var lifetime: Int64 {
        let (sum, overflow) = timeout.addingReportingOverflow(followUpTimeout)
        return overflow ? .max : sum
    }

    /// The maximum number of frames in flight: all that are sent within their lifetime, within bounds.
    var windowCapacity: Int {
        guard interval > 0 else { return max(4096, 4 * batch) }
        let (kept, overflow) = lifetime.addingReportingOverflow(launchOffset ?? 0)
        let inFlight = min((overflow ? .max : kept) / interval, 65_534) + Int64(batch - 1)
        return Int(min(max(inFlight, 62), 65_534) + 2)
    }

    /// All frames, those for warming up included; nil for no end.
    var totalCount: UInt64? {
        let total = count?.addingReportingOverflow(warmup)
        return total.flatMap { $0.overflow ? nil : $0.partialValue }
    }
}
