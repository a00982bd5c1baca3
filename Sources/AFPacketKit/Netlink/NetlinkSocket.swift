internal import CShim
import Glibc

/// A netlink socket for requests to the kernel. netlink(7)
struct NetlinkSocket: ~Copyable {
    private let descriptor: Descriptor
    private var sequence: UInt32 = 0

    /// Opens a socket in this network namespace.
    ///
    /// - Parameter number: the netlink family, NETLINK_GENERIC for instance.
    /// - Throws: `SystemError` of the call that failed: the kernel may lack netlink, or a sandbox forbid it.
    init(_ number: CInt) throws(SystemError) {
        let type = CInt(SOCK_RAW.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
        let descriptor = try Descriptor("socket(AF_NETLINK)", socket(AF_NETLINK, type, number))
        // Explanations of errors. Kernels before 4.12 have none and refuse the option.
        try? descriptor.setOption("NETLINK_EXT_ACK", SOL_NETLINK, NETLINK_EXT_ACK, to: CInt(1))
        // Port 0 is the kernel: nobody else can send to a socket connected to it.
        var address = sockaddr_nl()
        address.nl_family = sa_family_t(AF_NETLINK)
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor.rawValue, $0, socklen_t(MemoryLayout<sockaddr_nl>.size))
            }
        }
        guard result == 0 else { throw .last("connect(AF_NETLINK)") }
        self.descriptor = descriptor
    }

    var rawDescriptor: CInt { descriptor.rawValue }

    /// Joins a multicast group, whose messages the kernel sends by itself.
    func join(_ group: CInt) throws(SystemError) {
        try descriptor.setOption("NETLINK_ADD_MEMBERSHIP", SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, to: group)
    }

    /// Discards the messages that wait, and the error if there was no room for all of them.
    func discard() {
        var byte: UInt8 = 0
        while true {
            let length = unsafe recv(descriptor.rawValue, &byte, 1, CInt(MSG_DONTWAIT | MSG_TRUNC))
            guard length >= 0 || errno == ENOBUFS else { return }
        }
    }

    /// The number of the next request, which its answers carry.
    mutating func nextSequence() -> UInt32 {
        sequence &+= 1
        return sequence
    }

    /// Sends a request and calls `body` with the attributes of each message of the answer.
    ///
    /// - Throws: `SystemError` with the kernel's reason, or of the call that failed.
    func ask(
        _ exchange: NetlinkExchange, _ request: [UInt8], _ body: (Span<UInt8>) -> Void
    ) throws(SystemError) {
        guard unsafe send(descriptor.rawValue, request, request.count, 0) == request.count else {
            throw .last("send(AF_NETLINK)")
        }
        while !(try receive(exchange, body)) {}
    }

    /// Makes a request that is answered by an acknowledgement alone.
    ///
    /// - Parameters:
    ///   - operation: the request's name, for errors.
    ///   - content: the bytes after the message's header.
    mutating func order(
        _ operation: StaticString, _ type: UInt16, flags: CInt, _ content: [UInt8]
    ) throws(SystemError) {
        let sequence = nextSequence()
        let request = netlinkMessage(
            type: type, flags: NLM_F_REQUEST | NLM_F_ACK | flags, sequence: sequence, content)
        try ask(NetlinkExchange(operation: operation, kind: .set, sequence: sequence), request) { _ in }
    }

    /// Receives a datagram; returns whether the answer is complete.
    ///
    /// It does not wait: the kernel has answered when send(2) returns, and continues a long answer when the previous
    /// part has been received.
    private func receive(
        _ exchange: NetlinkExchange, _ body: (Span<UInt8>) -> Void
    ) throws(SystemError) -> Bool {
        // The max length of a message, for any page size. NLMSG_GOODSIZE
        let room = 8192
        var bytes = [UInt8](repeating: 0, count: room)
        // With MSG_TRUNC, the result is the whole length of the datagram, whatever the room.
        let length = unsafe recv(descriptor.rawValue, &bytes, room, CInt(MSG_DONTWAIT | MSG_TRUNC))
        guard length >= 0 else { throw .last("recv(AF_NETLINK)") }
        guard length > 0, length <= room else {
            throw SystemError(exchange.operation, .malformedMessage)
        }
        return try exchange.read(bytes.span.extracting(..<length), body)
    }
}

extension NetlinkSocket {
    /// Repeats a dump during which objects came or went, so that some may be listed twice or not at all. NLM_F_DUMP_INTR
    ///
    /// - Throws: `SystemError` of the dump: `interrupted` if this happened time after time.
    static func repeating<List>(_ dump: () throws(SystemError) -> List) throws(SystemError) -> List {
        for _ in 0..<4 {
            do throws(SystemError) { return try dump() } catch  where error.code == .interrupted {}
        }
        return try dump()
    }

    /// Calls `body` with what the kernel tells about each socket of this network namespace that a request of one
    /// family selects. sock_diag(7)
    ///
    /// - Throws: `SystemError` of netlink; `noSuchFile` if the kernel lacks the module for the family.
    static func dumpSockets(_ request: [UInt8], _ body: (Span<UInt8>) -> Void) throws(SystemError) {
        var socket = try NetlinkSocket(NETLINK_SOCK_DIAG)
        let sequence = socket.nextSequence()
        let message = netlinkMessage(
            type: 20,  // SOCK_DIAG_BY_FAMILY, linux/sock_diag.h
            flags: NLM_F_REQUEST | NLM_F_DUMP, sequence: sequence, request)
        try socket.ask(
            NetlinkExchange(operation: "SOCK_DIAG_BY_FAMILY", kind: .dump, sequence: sequence), message, body)
    }
}
