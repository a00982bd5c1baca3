import AFPacketKit

@testable import afprobe

/// The duration of each stage of a round trip, in nanoseconds. All differ, so that no two can be mixed up.
struct Path {
    var requestSend: Int64 = 200
    var requestQdisc: Int64 = 300
    var requestTxNIC: Int64 = 400
    var requestWire: Int64 = 5_000
    var requestRxNIC: Int64 = 600
    var requestWakeup: Int64 = 700
    var respond: Int64 = 800
    var replySend: Int64 = 210
    var replyQdisc: Int64 = 310
    var replyTxNIC: Int64 = 410
    var replyWire: Int64 = 6_000
    var replyRxNIC: Int64 = 610
    var replyWakeup: Int64 = 710

    // Times after the request's send call.
    var requestOnWire: Int64 { requestSend + requestQdisc + requestTxNIC }
    var requestInNIC: Int64 { requestOnWire + requestWire }
    var requestInKernel: Int64 { requestInNIC + requestRxNIC }
    var requestReceived: Int64 { requestInKernel + requestWakeup }
    var replySent: Int64 { requestReceived + respond }
    var replyScheduled: Int64 { replySent + replySend }
    var replyInDriver: Int64 { replyScheduled + replyQdisc }
    var replyOnWire: Int64 { replyInDriver + replyTxNIC }
    var replyInNIC: Int64 { replyOnWire + replyWire }
    var replyInKernel: Int64 { replyInNIC + replyRxNIC }
    /// From the request's send call to the reply's receive call.
    var total: Int64 { replyInKernel + replyWakeup }

    /// The request's own stamps.
    var requestStamps: ScriptedSocket.Stamps {
        ScriptedSocket.Stamps(
            scheduled: requestSend, software: requestSend + requestQdisc, hardware: requestOnWire)
    }
}

/// A host that answers requests as a script says.
final class ScriptedPeer {
    struct Answer {
        enum Kind {
            case reply
            case followUp
        }

        let kind: Kind
        /// Nanoseconds by which it is later than the path says.
        var delay: Int64 = 0

        static let reply = Answer(kind: .reply)
        static let followUp = Answer(kind: .followUp)
        static func reply(after delay: Int64) -> Answer { Answer(kind: .reply, delay: delay) }
        static func followUp(after delay: Int64) -> Answer { Answer(kind: .followUp, delay: delay) }
    }

    let network: ScriptedNetwork
    var path = Path()
    var identifier: UInt64 = 0xbeef
    /// Its CLOCK_REALTIME minus that of this host, and its NIC's clock minus that.
    var clockOffset: Int64 = 0
    var nicOffset: Int64?
    var comparisonError: UInt32 = 0
    /// Nanoseconds from the reply's arrival to the follow-up's.
    var followUpGap: Int64 = 20_000
    /// The answers to a request, by its number.
    var answers: (UInt64) -> [Answer] = { _ in [.reply, .followUp] }
    /// Tells whether a request reaches it.
    var isReached: (UInt64) -> Bool = { _ in true }
    /// A change of an answer before it is sent.
    var edit: (inout ProbeMessage) -> Void = { _ in }
    /// The same about its bytes.
    var editBytes: (inout [UInt8]) -> Void = { _ in }
    /// The tag of the answers to a request, by its number, which the kernel takes out.
    var tag: (UInt64) -> VLANTag? = { _ in nil }
    /// A change of an answer's headers, by the request's number.
    var editShape: (inout FrameShape, UInt64) -> Void = { _, _ in }
    /// Tells whether this host's stamps of a reply come, by the request's number.
    var hasHardwareStamp: (UInt64) -> Bool = { _ in true }
    var hasSoftwareStamp: (UInt64) -> Bool = { _ in true }
    /// The generation of the session; 0 if the responder is an older one.
    var generation: UInt16 = 0
    private var requests: UInt32 = 0
    private var replies: UInt32 = 0

    init(_ network: ScriptedNetwork) {
        self.network = network
        network.sender.whenSent = { [unowned self] frame in answer(frame) }
    }

    private func answer(_ frame: ScriptedSocket.Sent) {
        guard let request = try? decode(frame.bytes), isReached(request.message.number) else { return }
        requests += 1
        for answer in answers(request.message.number) { send(answer, to: request, sentAt: network.now) }
    }

    private func send(_ answer: Answer, to request: ReceivedProbe, sentAt time: MonotonicTime) {
        var message = request.message
        message.kind = answer.kind == .reply ? .reply : .followUp
        if answer.kind == .reply { replies += 1 }
        message.info = info(
            sentAt: time, isComplete: answer.kind == .followUp,
            hasStages: message.flags.contains(.wantsScheduledStamp))
        edit(&message)
        var shape = request.shape.reversed
        editShape(&shape, request.message.number)
        var bytes = ProbeFrame(message, in: shape, size: request.size).bytes
        editBytes(&bytes)
        let isFollowUp = answer.kind == .followUp
        let arrival = path.total + answer.delay + (isFollowUp ? followUpGap : 0)
        let number = request.message.number
        network.after(arrival) { [unowned self] in
            network.receiver.receive(bytes, arrivalStamps(of: number))
        }
    }

    private func info(sentAt time: MonotonicTime, isComplete: Bool, hasStages: Bool) -> ResponderInfo {
        let system = time.nanoseconds + ScriptedNetwork.epoch + clockOffset
        let nic = nicOffset.map { system + $0 }
        var info = ResponderInfo()
        info.responder = identifier
        (info.requests, info.replies, info.generation) = (requests, replies, generation)
        info[.receivedHardware] = nic.map { $0 + path.requestInNIC }
        info[.receivedSoftware] = system + path.requestInKernel
        info[.receivedUserspace] = system + path.requestReceived
        info[.sentUserspace] = system + path.replySent
        guard isComplete else { return info }
        info[.sentSoftware] = system + path.replyInDriver
        info[.sentHardware] = nic.map { $0 + path.replyOnWire }
        guard hasStages else { return info }
        info[.sentScheduled] = system + path.replyScheduled
        info[.clockOffset] = nicOffset
        info.clockOffsetError = comparisonError
        return info
    }

    /// The stamps of a frame that comes now.
    private func arrivalStamps(of number: UInt64) -> Ancillary {
        let system = network.realTime.nanoseconds - path.replyWakeup
        let nic = network.nicTime.map { $0.nanoseconds - path.replyWakeup - path.replyRxNIC }
        return Ancillary(
            software: hasSoftwareStamp(number) ? Timestamp(nanoseconds: system) : nil,
            hardware: hasHardwareStamp(number) ? nic.map { Timestamp(nanoseconds: $0) } : nil,
            vlan: tag(number))
    }
}

/// Makes the check value right of the message of an exchange behind an Ethernet header.
func mendCheck(_ frame: inout [UInt8]) {
    var bytes = frame.mutableSpan
    let length = Int(bytes.span.littleEndian16(at: 14 + 22))
    let sum = ProbeMessage.clearCheck(in: &bytes, at: 14, length: length)
    bytes.storeBigEndian(sum.value, at: 14 + ProbeMessage.checkOffset)
}

/// The probe in a frame that was sent.
func decode(_ bytes: [UInt8], _ words: Ancillary = Ancillary()) throws -> ReceivedProbe {
    var batch = MessageBatch(capacity: 1, frameCapacity: max(bytes.count, 1))
    batch.fill(with: [(bytes, words)], receivedAt: Timestamp(nanoseconds: 0))
    return try FoundProbe(batch[0], at: Timestamp(nanoseconds: 0)).read()
}
