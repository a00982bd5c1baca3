internal import CShim
import Glibc

// The messages between a program and generic netlink, as plain bytes:
//
//     struct nlmsghdr    u32 length, u16 type, u16 flags, u32 sequence, u32 port
//     struct genlmsghdr  u8 command, u8 version, u16 reserved
//     attributes
//
// Everything is in this machine's order.

private let headerSize = 16
private let genericHeaderSize = 4

/// A request to a family of generic netlink.
struct NetlinkRequest {
    /// The kind of its answer.
    enum Kind {
        /// A single message.
        case get
        /// An acknowledgement.
        case set
        /// A message for each object, then an end.
        case dump
    }

    let command: UInt8
    var kind = Kind.get
    var attributes = NetlinkAttributes()

    /// The request's bytes. `type` is the family's number; answers carry `sequence`.
    func bytes(type: UInt16, sequence: UInt32) -> [UInt8] {
        let flags: CInt
        switch kind {
        case .get: flags = NLM_F_REQUEST
        case .set: flags = NLM_F_REQUEST | NLM_F_ACK
        case .dump: flags = NLM_F_REQUEST | NLM_F_DUMP
        }
        let version: UInt8 = 1
        return netlinkMessage(
            type: type, flags: flags, sequence: sequence, [command, version, 0, 0] + attributes.bytes)
    }
}

/// A message with its header.
func netlinkMessage(type: UInt16, flags: CInt, sequence: UInt32, _ content: [UInt8]) -> [UInt8] {
    var bytes: [UInt8] = []
    func append(_ number: some BitwiseCopyable) { unsafe withUnsafeBytes(of: number) { unsafe bytes += $0 } }
    append(UInt32(headerSize + content.count))
    append(type)
    append(UInt16(flags))
    append(sequence)
    append(UInt32(0))
    return bytes + content
}

/// A request and its answers.
struct NetlinkExchange {
    /// The request's name in errors.
    let operation: StaticString
    /// The kind of the request's answer.
    let kind: NetlinkRequest.Kind
    /// The number that answers to this request carry.
    let sequence: UInt32
    /// The bytes behind the header of an answer that are left out: those of generic netlink's own header.
    var skipped = genericHeaderSize

    /// Parses a datagram from the kernel and calls `body` with the attributes of each message that answers the
    /// request; skips answers to earlier ones.
    ///
    /// - Returns: whether the answer is complete.
    /// - Throws: `SystemError` with the kernel's reason if it refused; `malformedMessage` if the bytes are not a
    ///   netlink message.
    func read(
        _ datagram: Span<UInt8>, _ body: (Span<UInt8>) -> Void
    ) throws(SystemError) -> Bool {
        var start = 0
        while start < datagram.count {
            guard let length = datagram.load(UInt32.self, at: start).map(Int.init),
                length >= headerSize, length <= datagram.count - start
            else { throw SystemError(operation, .malformedMessage) }
            let message = datagram.extracting(start..<start + length)
            if message.load(UInt32.self, at: 8) == sequence, try read(message: message, body) { return true }
            start += netlinkAligned(length)
        }
        return false
    }

    /// Parses one message with a complete header; returns whether it is the last.
    private func read(
        message: Span<UInt8>, _ body: (Span<UInt8>) -> Void
    ) throws(SystemError) -> Bool {
        guard let type = message.load(UInt16.self, at: 4), let flags = message.load(UInt16.self, at: 6) else {
            return false
        }
        switch CInt(type) {
        case NLMSG_NOOP: return false
        case NLMSG_ERROR: try throwError(in: message, afterRequest: true)
        case NLMSG_DONE: try throwError(in: message, afterRequest: false)
        case NLMSG_OVERRUN: throw SystemError(operation, .noBufferSpace)
        default:
            // An object was added or removed during the dump, so it may be listed twice or not at all.
            guard CInt(flags) & NLM_F_DUMP_INTR == 0 else { throw SystemError(operation, .interrupted) }
            guard message.count >= headerSize + skipped else {
                throw SystemError(operation, .malformedMessage)
            }
            body(message.extracting(headerSize + skipped..<message.count))
            return kind == .get
        }
        return true
    }

    /// Throws the error of a message that ends an answer: a negative errno, with the kernel's explanation; zero is an
    /// acknowledgement. struct nlmsgerr
    private func throwError(in message: Span<UInt8>, afterRequest: Bool) throws(SystemError) {
        guard let number = message.load(CInt.self, at: headerSize) else {
            throw SystemError(operation, .malformedMessage)
        }
        guard number < 0 else { return }
        throw SystemError(
            operation, ErrorCode(rawValue: 0 &- number),
            explanation: explanation(in: message, afterRequest: afterRequest))
    }

    /// The extended acknowledgement's text. It follows the errno and, in an error, the request with its header.
    private func explanation(in message: Span<UInt8>, afterRequest: Bool) -> String? {
        guard let flags = message.load(UInt16.self, at: 6), CInt(flags) & NLM_F_ACK_TLVS != 0 else {
            return nil
        }
        var start = headerSize + 4
        if afterRequest {
            let isCapped = CInt(flags) & NLM_F_CAPPED != 0
            guard let length = isCapped ? UInt32(headerSize) : message.load(UInt32.self, at: start) else {
                return nil
            }
            start += netlinkAligned(Int(length))
        }
        guard start <= message.count else { return nil }
        var text: String?
        message.extracting(start..<message.count).forEachAttribute { type, payload in
            if type == Int(NLMSGERR_ATTR_MSG.rawValue) { text = payload.netlinkString }
        }
        return text
    }
}
