import AFPacketKit

/// The stamps that an interface can take, and the setting in force: the line of `hwstamp`.
struct CapabilityReport {
    let interface: String
    /// Nil if the driver does not support the request.
    var capabilities: TimestampingCapabilities?
    var setting: HardwareTimestampingSetting?
    var driver: String?
    var bus: String?
    /// Nil if not told; so below.
    var virtualClocks: [Int]?
    var providers: [TimestampingProvider]?
    var holders: TimestampingLease.Holders?
    /// The NIC's clock against the system's; nil if it cannot be opened or read.
    var clockOffset: PTPClock.CrossTimestamp?

    func write(to line: inout Line) {
        line.name("bus", bus)
        line.list("capabilities", capabilities?.flags.names ?? [])
        line.name("driver", driver)
        line.string("interface", interface)
        line.knownList("lease_pids", users)
        line.string("original_rx_filter", holders?.runs.first?.original.receiveFilter.description)
        line.string("original_tx_type", holders?.runs.first?.original.transmitType.description)
        if let index = capabilities?.clockIndex {
            line.integer("phc", UInt64(index))
        } else {
            line.name("phc", nil)
        }
        line.integer("phc_error_ns", clockOffset?.error)
        line.string("phc_method", clockOffset?.method.rawValue)
        line.readableDuration("phc_offset", clockOffset?.offset)
        line.integer("phc_offset_ns", clockOffset?.offset)
        line.string("phc_timescale", timescale?.rawValue)
        line.string("provider", capabilities?.provider?.description)
        line.knownList("providers", providers?.map(\.description), worthFrom: 2)
        line.name("rx_filter", setting?.receiveFilter.description)
        line.list("rx_filters", capabilities?.receiveFilterNames ?? [])
        line.string("source", capabilities?.source?.description)
        line.integer("source_phy", capabilities?.source?.phyIndex.map(Int64.init))
        line.integer("tai_offset", Int64(Timestamp.kernelTAIOffset()))
        let counters = capabilities?.statistics
        line.integer("tx_errors", counters?.errors.map(Int64.init(clamping:)))
        line.integer("tx_lost", counters?.lost.map(Int64.init(clamping:)))
        line.integer("tx_onestep_unconfirmed", counters?.oneStepUnconfirmed.map(Int64.init(clamping:)))
        line.integer("tx_stamped", counters?.stamped.map(Int64.init(clamping:)))
        line.name("tx_type", setting?.transmitType.description)
        line.list("tx_types", capabilities?.transmitTypeNames ?? [])
        line.knownList("vclocks", virtualClocks?.map { "ptp\($0)" })
    }

    /// The processes that have a lease on the setting.
    var users: [String]? { holders?.runs.map { run in run.process.map { "\($0.process)" } ?? "unknown" } }

    var timescale: Timescale? {
        clockOffset.map { Timescale(offset: $0.offset, kernelTAIOffset: Timestamp.kernelTAIOffset()) }
    }
}

extension Line {
    /// A name; if nil, `none` in text and null in JSON.
    fileprivate mutating func name(_ key: StaticString, _ value: String?) {
        string(key, value ?? (format == .json ? nil : "none"))
    }

    /// A list that not every kernel provides: shown in text only if it is long enough, null in JSON if unknown.
    fileprivate mutating func knownList(_ key: StaticString, _ values: [String]?, worthFrom least: Int = 1) {
        guard let values else { return string(key, nil) }
        if format == .json || values.count >= least { list(key, values) }
    }
}

extension Console {
    /// Writes a report: a table for people, else a line.
    func write(_ report: CapabilityReport) {
        guard !isForPeople else { return write(text: report.text(style)) }
        write(.info, "Hardware Timestamping") { report.write(to: &$0) }
    }
}
