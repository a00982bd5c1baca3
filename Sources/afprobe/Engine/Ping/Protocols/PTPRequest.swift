import AFPacketKit

/// The requests of a PTP run, and the answers in their domain and profile.
struct PTPRequest {
    private let request: EthernetRequest
    /// The request without its number.
    let message: PTPMessage
    /// The type of an empty TLV behind it; nil if there is none.
    private let tlv: UInt16?
    private var numbers = ShortNumbers()
    /// What answers that were not for this run had otherwise.
    private(set) var mismatch: PTPMismatch?

    init(_ shape: FrameShape, _ message: PTPMessage, length: Int, tlv: UInt16? = nil) {
        request = EthernetRequest(shape: shape, length: length + (tlv == nil ? 0 : 4))
        self.message = message
        self.tlv = tlv
    }

    func frame(size: Int, _ form: some RequestForm) -> ProbeFrame {
        var bytes = request.frame(size: size)
        var frame = bytes.mutableSpan
        message.encodeRequest(into: &frame, at: request.start, length: request.length)
        if let tlv { frame.storeBigEndian(tlv, at: request.start + request.length - 4) }
        return ProbeFrame(bytes, form, witnessAt: nil)
    }

    @_lifetime(frame: copy frame)
    mutating func renumber(_ frame: inout MutableSpan<UInt8>, to number: UInt64) {
        frame.storeBigEndian(numbers.send(number), at: request.start + PTPMessage.sequenceOffset)
        request.shape.encodeChecksum(into: &frame)
    }

    /// The message of another port in a frame, and the number of the request that it answers; nil if it is none.
    ///
    /// - Parameter isAnswer: whether a message answers this run, apart from its domain and profile.
    mutating func answer(
        in frame: Span<UInt8>, where isAnswer: (PTPMessage) -> Bool
    ) -> (message: PTPMessage, number: UInt64)? {
        guard let content = request.message(in: frame), let answer = PTPMessage(decoding: content),
            answer.sender != message.sender, isAnswer(answer)
        else { return nil }
        guard answer.domain == message.domain, answer.profile == message.profile else {
            mismatch = PTPMismatch(domain: answer.domain, profile: answer.profile)
            return nil
        }
        return numbers.whole(answer.sequence).map { (answer, $0) }
    }
}

/// The domain or profile that answers have, if it is not the requests'.
struct PTPMismatch: Equatable {
    let domain: UInt8
    let profile: UInt8
}
