import AFPacketKit

extension MissingReason {
    /// The reason in words, for lines and summaries.
    var text: String {
        switch self {
        case .notSupported(let driver):
            driver.map { "not supported by the driver \($0)" } ?? "not supported by the driver"
        case .transmitTypeOff: "the setting is off (tx_type)"
        case .receiveFilterOff: "the setting is off (rx_filter)"
        case .filterMismatch(let filter): "the filter \(filter) does not match these frames"
        case .transmitTypeTurnedOff: "another program turned it off (tx_type)"
        case .filterChanged(let filter): "another program changed the filter to \(filter)"
        case .skipped: "skipped by the NIC"
        case .notStamped: "the NIC did not stamp it"
        case .timedOut(after: let timeout): "none came within \(durationText(timeout))"
        case .notLaunched(.invalid): "the qdisc refused its launch time"
        case .notLaunched(.missed): "its launch time was missed"
        case .qdiscBypassed: "qdisc bypassed"
        case .notScheduled: "the qdisc did not take it"
        case .notAskedFor: "not asked for"
        }
    }
}

extension MissingCount {
    /// The reason in words, with the number of its frames.
    var text: String {
        switch self {
        case .all(.notStamped): "the NIC did not stamp them"
        case .all(let reason): reason.text
        case .notLaunched(let count): "not launched: \(count)"
        case .late(let count): "later than the timeout: \(count)"
        case .skipped(let count, let counter): "skipped by the NIC, \(counter): \(count)"
        case .lost(let count): "lost by the NIC, tx_lost and tx_errors: \(count)"
        case .errorQueueFull(let count): "error queue full: \(count)"
        case .noCompletion(let count): "no completion came back: \(count)"
        case .frameDropped(let count): "the frame was dropped, or its completion: \(count)"
        }
    }
}
