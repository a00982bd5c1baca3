import AFPacketKit

/// NTP, client and server. It never sets a clock.
///
/// In basic mode, a response tells when the server was about to send it. In interleaved mode it tells when the response
/// before it was really sent, by the best stamp that the server has: that completes the answer to the request before.
/// Servers that do not know interleaved mode answer in basic mode. RFC 9769
final class NTPProtocol: PingProtocol {
    /// Mixed with a request's number, it makes the random numbers of a request.
    private let session: UInt64
    /// Tells whether to ask for interleaved mode: answers are then complete one request later.
    private let isInterleaved: Bool
    /// The number of the last request, whose answer no further one completes; nil if there is none.
    private let last: UInt64?
    private var latest: UInt64 = 0
    /// The last response, for what it says of the server.
    private(set) var server: NTPMessage?
    /// The code by which the server refused; the run ends then.
    private(set) var kiss: String?

    /// An answer whose departure the next response tells.
    private struct Incomplete {
        let number: UInt64
        let arrival: Int64?
    }

    /// A response that a request can name, by the time of its request's arrival.
    private struct Nameable {
        let time: UInt64
        /// Nil if the answer is complete already.
        let answer: Incomplete?
    }

    /// The last response, and those that no request has named yet.
    private var previous: Nameable?
    private var unnamed: [Nameable] = []
    /// A request in interleaved mode.
    private struct Request {
        var number: UInt64 = 0
        /// The response that it named.
        var named: Nameable?
        var isAnswered = false
    }

    /// The latest requests, each at the index of its number.
    private var requests = [Request](repeating: Request(), count: 4096)

    init(session: UInt64, isInterleaved: Bool = false, last: UInt64? = nil) {
        self.session = session
        self.isInterleaved = isInterleaved
        self.last = last
    }

    var facts: ResponderFacts {
        guard let server else { return [:] }
        let leaps = ["none", "insert", "delete", "unsynchronised"]
        return [
            .leap: .text(leaps[Int(server.leap & 3)]), .precision: .text("2^\(server.precision) s"),
            .rootDelay: .number(NTPMessage.nanoseconds(short: server.rootDelay)),
            .rootDispersion: .number(NTPMessage.nanoseconds(short: server.rootDispersion)),
            .stratum: .number(Int64(server.stratum)),
        ]
    }

    func frame() -> ProbeFrame {
        ProbeFrame(
            [UInt8](repeating: 0, count: NTPMessage.length), self, witnessAt: NTPMessage.transmitOffset)
    }

    @_lifetime(message: copy message)
    func renumber(_ message: inout MutableSpan<UInt8>, to number: UInt64) {
        var request = NTPMessage()
        request.transmit = session ^ number
        if isInterleaved {
            let name = name(number)
            request.origin = name?.time ?? 0
            request.receive = ~request.transmit
        }
        latest = max(latest, number)
        request.encode(into: &message)
    }

    private func index(_ number: UInt64) -> Int { Int(truncatingIfNeeded: number % UInt64(requests.count)) }

    /// The response that a request names: the oldest that none has named, so that each is completed.
    private func name(_ number: UInt64) -> Nameable? {
        let index = index(number)
        // It may be written again: for a capture, or because there was no room for it.
        if requests[index].number == number { return requests[index].named }
        guard number > latest else { return nil }
        let named =
            unnamed.isEmpty ? previous.map { Nameable(time: $0.time, answer: nil) } : unnamed.removeFirst()
        requests[index] = Request(number: number, named: named)
        return named
    }

    private func remember(_ response: Nameable) {
        previous = response
        guard response.answer != nil else { return }
        if unnamed.count == requests.count { unnamed.removeFirst() }
        unnamed.append(response)
    }

    func match(_ message: Span<UInt8>) -> ForeignAnswer? {
        guard let response = NTPMessage(response: message) else { return nil }
        let (basic, interleaved) = (response.origin ^ session, ~response.origin ^ session)
        // Nobody who has not seen the request knows its number.
        let sent = 1...max(1, latest)
        if sent.contains(basic) {
            guard let answer = answer(basic, response) else { return nil }
            remember(Nameable(time: response.receive, answer: nil))
            return answer
        }
        guard isInterleaved, sent.contains(interleaved), var answer = answer(interleaved, response) else {
            return nil
        }
        let arrival = NTPMessage.nanoseconds(response.receive)
        // The departure is that of the response before.
        answer.info = ResponderInfo(arrival: arrival, departure: nil)
        answer.part = interleaved == last ? .whole : .first
        let index = index(interleaved)
        // A repeated response completes nothing, nor does one to a request of long ago.
        guard requests[index].number == interleaved, !requests[index].isAnswered else { return answer }
        requests[index].isAnswered = true
        remember(Nameable(time: response.receive, answer: Incomplete(number: interleaved, arrival: arrival)))
        if let earlier = requests[index].named?.answer {
            answer.completed = CompletedAnswer(
                number: earlier.number,
                info: ResponderInfo(
                    arrival: earlier.arrival, departure: NTPMessage.nanoseconds(response.transmit)))
        }
        return answer
    }

    private func answer(_ number: UInt64, _ response: NTPMessage) -> ForeignAnswer? {
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
