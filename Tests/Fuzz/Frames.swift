import AFPacketKit

/// A frame from the network. The first byte says whether its UDP checksum is judged, and whether the other check values
/// are made right, which nobody guesses: what they guard is to be reached, too.
func fuzzFrame(_ bytes: Span<UInt8>) {
    guard bytes.count > 0 else { return }
    var memory = [UInt8](repeating: 0, count: bytes.count - 1)
    for index in memory.indices { memory[index] = bytes[index + 1] }
    if bytes[0] & 2 != 0 { mendFrame(&memory) }
    let frame = memory.span
    compareWays(frame)
    guard let parsed = try? ParsedFrame(frame, checksUDP: bytes[0] & 1 != 0) else { return }
    let shape = parsed.shape(of: frame, vlan: nil)
    guard let message = try? ProbeMessage(decoding: frame.extracting(parsed.payload)) else { return }
    let length = message.session == nil ? ProbeMessage.referenceLength : ProbeMessage.length(of: message.kind)
    let size = shape.smallestSize(forPayload: length)
    let copy = ProbeFrame(message, in: shape, size: size).bytes
    guard let again = try? ParsedFrame(copy.span, checksUDP: true) else {
        fatalError("what was built is no frame")
    }
    let payload = copy.span.extracting(again.payload)
    precondition(again.shape(of: copy.span, vlan: nil) == shape, "the shape is another one")
    precondition((try? ProbeMessage(decoding: payload)) == message, "the message is another one")
}

/// Compares the quick way with the slow one: both find the same, and the quick one misses no plain probe.
private func compareWays(_ bytes: Span<UInt8>) {
    let never = Timestamp(nanoseconds: 0)
    let frame = ReceivedFrame(bytes, isTruncated: true)
    let slow = try? FoundProbe(frame, at: never).kind
    if let quick = FoundProbe(plain: frame, at: never)?.kind {
        precondition(quick == slow, "another kind is found quickly")
    } else if slow != nil {
        let isPlain = ParsedFrame.isPlain(bytes) && bytes.bigEndian64(at: 14) == ProbeMessage.magic
        precondition(!isPlain, "a plain probe is missed")
    }
    for carrier in [ProbeCarrier.frames(.localExperimental1), .datagrams(port: 61_000)] {
        if let probe = try? FoundProbe(frame, at: never) { _ = OtherForm(of: probe, unlike: carrier).kind }
    }
    guard bytes.count >= ParsedFrame.ethernetHeader + ProbeMessage.exchangeLength else { return }
    compareWays(ofAnswer: frame)
}

/// The same of answers, as if the frame were one to the requests at hand.
private func compareWays(ofAnswer frame: ReceivedFrame) {
    let bytes = frame.bytes
    let type = EtherType(rawValue: bytes.bigEndian16(at: 12))
    let shape = FrameShape(
        destination: bytes.macAddress(at: 6), source: bytes.macAddress(at: 0), carrier: .ethernet(type))
    let session = bytes.littleEndian64(at: ParsedFrame.ethernetHeader + ProbeMessage.sessionOffset)
    let pattern = AnswerPattern(session, to: shape)
    var faults = AnswerFaults()
    let answer: FoundAnswer? =
        if let probe = try? FoundProbe(frame, at: Timestamp(nanoseconds: 0)) {
            pattern.match(probe, &faults)
        } else {
            nil
        }
    let quick = pattern.match(plain: bytes)
    precondition(quick == nil || quick == answer, "another answer is found quickly")
    precondition(quick != nil || answer == nil || !ParsedFrame.isPlain(bytes), "a plain answer is missed")
}

/// A payload alone, in which a message is found without a right frame around it.
func fuzzMessage(_ bytes: Span<UInt8>) {
    var memory = [UInt8](repeating: 0, count: bytes.count)
    for index in memory.indices { memory[index] = bytes[index] }
    mendMessage(&memory, 0..<memory.count)
    guard let message = try? ProbeMessage(decoding: memory.span) else { return }
    var copy = [UInt8](repeating: 0xff, count: ProbeMessage.exchangeLength)
    var span = copy.mutableSpan
    message.encode(into: &span, at: 0)
    precondition((try? ProbeMessage(decoding: copy.span)) == message, "the message is another one")
}

/// Makes the check values of an IPv4 header and of a message right, where there are such.
private func mendFrame(_ bytes: inout [UInt8]) {
    guard bytes.count >= 18 else { return }
    let isTagged = [0x8100, 0x88a8].contains(bytes.span.bigEndian16(at: 12))
    let network = isTagged ? 18 : 14
    if bytes.count >= network + 20, bytes.span.bigEndian16(at: network - 2) == 0x0800 {
        let end = min(bytes.count, network + max(20, 4 * Int(bytes[network] & 15)))
        (bytes[network + 10], bytes[network + 11]) = (0, 0)
        let check = InternetChecksum.of(bytes.span.extracting(network..<end))
        (bytes[network + 10], bytes[network + 11]) = (UInt8(check >> 8), UInt8(check & 255))
    }
    guard let parsed = try? ParsedFrame(bytes.span, checksUDP: false) else { return }
    mendMessage(&bytes, parsed.payload)
}

private func mendMessage(_ bytes: inout [UInt8], _ payload: Range<Int>) {
    guard payload.count >= ProbeMessage.probeLength else { return }
    let length = Int(bytes.span.littleEndian16(at: payload.lowerBound + 22))
    guard (ProbeMessage.probeLength...payload.count).contains(length) else { return }
    var frame = bytes.mutableSpan
    let sum = ProbeMessage.clearCheck(in: &frame, at: payload.lowerBound, length: length)
    frame.storeBigEndian(sum.value, at: payload.lowerBound + ProbeMessage.checkOffset)
}
