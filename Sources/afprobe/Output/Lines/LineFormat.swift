enum LineFormat: String, CaseIterable {
    /// logrus on a terminal: `INFO[0013] RX Recvmsg    key=value`.
    case text
    /// logrus elsewhere: `time="…" level=info msg="RX Recvmsg" key=value`.
    case logfmt
    /// One JSON object a line.
    case json
}
