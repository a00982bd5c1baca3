import AFPacketKit

/// A protocol of PTP: its answers have the domain and the profile of its requests.
protocol PTPProtocol: PingProtocol {
    var request: PTPRequest { get set }
}

extension PTPProtocol {
    var mismatch: PTPMismatch? { request.mismatch }

    func number(ofReturned payload: Span<UInt8>) -> UInt64? { request.number(ofReturned: payload) }

    func frame(size: Int) -> ProbeFrame { request.frame(size: size, self) }

    @_lifetime(frame: copy frame)
    func renumber(_ frame: inout MutableSpan<UInt8>, to number: UInt64) {
        request.renumber(&frame, to: number)
    }
}

/// The identity of a run, which tells its requests from those of other runs and programs of this host.
struct PTPRequester {
    let port: PTPPortIdentity
    /// Is added to the numbers, for the messages that name no requester.
    let firstSequence: UInt16

    /// A requester that no PTP program takes for itself: ptp4l would subtract the times of two exchanges.
    static func random(on address: MACAddress) -> PTPRequester {
        PTPRequester(port: .random(of: address), firstSequence: .random(in: 0 ... .max))
    }
}

/// The requests of a PTP run, and the answers in their domain and profile.
struct PTPRequest {
    private let request: EthernetRequest
    /// The request without its number.
    private let message: PTPMessage
    /// The type of an empty TLV behind it; nil if there is none.
    private let tlv: UInt16?
    private var numbers: ShortNumbers
    /// The form of the last answer with another one than the requests'.
    private(set) var mismatch: PTPMismatch?

    /// - Parameter firstSequence: see `PTPRequester`.
    init(
        _ shape: FrameShape, _ message: PTPMessage, firstSequence: UInt16, length: Int, tlv: UInt16? = nil
    ) {
        numbers = ShortNumbers(offset: firstSequence)
        request = EthernetRequest(shape: shape, length: length + (tlv == nil ? 0 : 4))
        self.message = message
        self.tlv = tlv
    }

    fileprivate func frame(size: Int, _ form: some RequestForm) -> ProbeFrame {
        var bytes = request.frame(size: size)
        var frame = bytes.mutableSpan
        message.encodeRequest(into: &frame, at: request.start, length: request.length)
        if let tlv { frame.storeBigEndian(tlv, at: request.start + request.length - 4) }
        return ProbeFrame(bytes, form, witnessAt: nil)
    }

    @_lifetime(frame: copy frame)
    fileprivate mutating func renumber(_ frame: inout MutableSpan<UInt8>, to number: UInt64) {
        frame.storeBigEndian(numbers.send(number), at: request.start + PTPMessage.sequenceOffset)
        request.shape.encodeChecksum(into: &frame)
    }

    /// The number of a request of this port; nil if it is none.
    fileprivate func number(ofReturned payload: Span<UInt8>) -> UInt64? {
        guard let returned = PTPMessage(decoding: payload), returned.sender == message.sender else {
            return nil
        }
        return numbers.whole(returned.sequence)
    }

    /// The message of another port, and the number of the request that it answers; nil if it answers none of this run's.
    /// A message that names no requester answers by its sequence number alone.
    mutating func answer(_ bytes: Span<UInt8>) -> (message: PTPMessage, number: UInt64)? {
        guard let answer = PTPMessage(decoding: bytes), answer.sender != message.sender,
            answer.requester == nil || answer.requester == message.sender
        else { return nil }
        guard answer.domain == message.domain, answer.profile == message.profile else {
            mismatch = .form(domain: answer.domain, profile: answer.profile)
            return nil
        }
        return numbers.whole(answer.sequence).map { (answer, $0) }
    }
}

/// The reason why messages of PTP clocks are no replies.
enum PTPMismatch: Equatable {
    /// They have another domain or profile than the requests.
    case form(domain: UInt8, profile: UInt8)
    /// They tell the arrival of the requests, and there is no Sync.
    case noSync
}
