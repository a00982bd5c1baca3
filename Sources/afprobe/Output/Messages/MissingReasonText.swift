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
        case .clockChanged: "the bond uses another port, with another clock"
        case .skipped: "skipped by the NIC"
        case .notStamped: "the NIC did not stamp it"
        case .timedOut(after: let timeout): "none came within \(durationText(timeout))"
        case .notLaunched(.invalid): "the qdisc refused its launch time"
        case .notLaunched(.missed): "its launch time was missed"
        case .qdiscBypassed: "qdisc bypassed"
        case .notScheduled: "the qdisc did not take it"
        case .notAskedFor: "not asked for"
        case .leftToPTP: "left to the PTP program on this interface"
        case .unusable: "not asked for, because replies are not stamped"
        }
    }
}

extension MissingCount {
    /// The reason in words, with the number of its frames.
    var text: String {
        switch self {
        case .all(let reason): reason.text
        case .some(let reason, let count): "\(reason.text): \(count)"
        case .counted(let reason, let count, let counters): "\(reason.text), \(counters): \(count)"
        case .timedOut(let count, let timeout, let late, let isQueueFull):
            "\(MissingReason.timedOut(after: timeout).text): \(count)"
                + (late > 0 ? ", of which \(late) came later" : "")
                + (isQueueFull ? ", and the error queue was full" : "")
        }
    }
}
