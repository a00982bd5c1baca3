import AFPacketKit

/// NTP, client and server, basic mode. It never sets a clock.
final class NTPProtocol: PingProtocol {
    private let session: UInt64
    private var latest: UInt64 = 0
    /// The last response, for what it says of the server.
    private(set) var server: NTPMessage?
    /// The code by which the server refused; the run ends then.
    private(set) var kiss: String?

    init(session: UInt64) { self.session = session }

    var facts: [(key: String, value: String)] {
        guard let server else { return [] }
        let leaps = ["none", "insert", "delete", "unsynchronised"]
        return [
            ("ntp_leap", leaps[Int(server.leap & 3)]), ("ntp_precision", "2^\(server.precision) s"),
            ("ntp_root_delay_ns", "\(NTPMessage.nanoseconds(short: server.rootDelay))"),
            ("ntp_root_dispersion_ns", "\(NTPMessage.nanoseconds(short: server.rootDispersion))"),
            ("ntp_stratum", "\(server.stratum)"),
        ]
    }

    func frame() -> ProbeFrame {
        ProbeFrame(
            [UInt8](repeating: 0, count: NTPMessage.length), self, witnessAt: NTPMessage.transmitOffset)
    }

    @_lifetime(message: copy message)
    func renumber(_ message: inout MutableSpan<UInt8>, to number: UInt64) {
        latest = max(latest, number)
        var request = NTPMessage()
        request.transmit = session ^ number
        request.encode(into: &message)
    }

    func match(_ message: Span<UInt8>) -> ForeignAnswer? {
        guard let response = NTPMessage(response: message) else { return nil }
        let number = response.origin ^ session
        // Nobody who has not seen the request knows its number.
        guard (1...max(1, latest)).contains(number) else { return nil }
        if let code = response.kiss {
            kiss = code
            return nil
        }
        server = response
        return ForeignAnswer(
            number: number,
            info: ResponderInfo(
                arrival: NTPMessage.nanoseconds(response.receive),
                departure: NTPMessage.nanoseconds(response.transmit)))
    }
}
