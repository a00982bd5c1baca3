internal import CShim
import Glibc

/// A socket through which the kernel's families of generic netlink are asked. netlink(7)
struct GenericNetlink: ~Copyable {
    /// A part of the kernel that is asked through generic netlink.
    struct Family: Equatable {
        /// The type of its messages.
        let identifier: UInt16
        /// What it can be asked.
        let commands: Set<UInt8>

        /// What the attributes of an answer to CTRL_CMD_GETFAMILY say; nil where they lack the number.
        init?(attributes: Span<UInt8>) {
            var identifier: UInt16?
            var commands: Set<UInt8> = []
            attributes.forEachAttribute { type, payload in
                switch type {
                case Int(CTRL_ATTR_FAMILY_ID): identifier = payload.load(UInt16.self, at: 0)
                case Int(CTRL_ATTR_OPS):
                    // A list: the type is the place in it.
                    payload.forEachAttribute { _, operation in
                        operation.forEachAttribute { type, payload in
                            guard type == Int(CTRL_ATTR_OP_ID), let number = payload.netlinkInteger,
                                let command = UInt8(exactly: number)
                            else { return }
                            commands.insert(command)
                        }
                    }
                default: break
                }
            }
            guard let identifier else { return nil }
            self.identifier = identifier
            self.commands = commands
        }
    }

    private let descriptor: Descriptor
    private var sequence: UInt32 = 0

    /// Opens a socket in this network namespace. Needs no privilege.
    ///
    /// - Throws: `SystemError` of the call that failed: the kernel may be without netlink, or a sandbox forbid it.
    init() throws(SystemError) {
        let type = CInt(SOCK_RAW.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
        let descriptor = try Descriptor("socket(AF_NETLINK)", socket(AF_NETLINK, type, NETLINK_GENERIC))
        // Refusals in words. A kernel that has none of them, before 4.12, refuses the option.
        try? descriptor.setOption("NETLINK_EXT_ACK", SOL_NETLINK, NETLINK_EXT_ACK, to: CInt(1))
        // To port 0, the kernel: nobody else can send to a socket that is connected to it.
        var address = sockaddr_nl()
        address.nl_family = sa_family_t(AF_NETLINK)
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor.rawValue, $0, socklen_t(MemoryLayout<sockaddr_nl>.size))
            }
        }
        guard result == 0 else { throw .last("connect(AF_NETLINK)") }
        self.descriptor = descriptor
    }

    /// Looks a family up by its name. CTRL_CMD_GETFAMILY
    ///
    /// - Throws: `SystemError`, with ENOENT where the kernel was built without it.
    mutating func family(named name: String) throws(SystemError) -> Family {
        var request = NetlinkRequest(command: UInt8(CTRL_CMD_GETFAMILY))
        request.attributes.add(Int(CTRL_ATTR_FAMILY_NAME), name)
        var family: Family?
        try ask("CTRL_CMD_GETFAMILY", UInt16(GENL_ID_CTRL), request) { family = Family(attributes: $0) }
        guard let family else { throw SystemError("CTRL_CMD_GETFAMILY", .malformedMessage) }
        return family
    }

    /// Makes a request and calls `body` with the attributes of each message of the answer.
    ///
    /// - Parameters:
    ///   - operation: the request's name, for errors.
    ///   - family: the number of the family.
    /// - Throws: `SystemError` with the kernel's reason, or of the call that failed.
    mutating func ask(
        _ operation: StaticString, _ family: UInt16, _ request: NetlinkRequest, _ body: (Span<UInt8>) -> Void
    ) throws(SystemError) {
        sequence &+= 1
        let bytes = request.bytes(type: family, sequence: sequence)
        guard send(descriptor.rawValue, bytes, bytes.count, 0) == bytes.count else {
            throw .last("send(AF_NETLINK)")
        }
        let exchange = NetlinkExchange(operation: operation, kind: request.kind, sequence: sequence)
        while !(try receive(exchange, body)) {}
    }

    /// Receives a datagram; returns whether the answer is complete.
    ///
    /// It does not wait: the kernel has answered by the time that send(2) returns, and goes on with a long answer
    /// when the part before has been taken.
    private func receive(
        _ exchange: NetlinkExchange, _ body: (Span<UInt8>) -> Void
    ) throws(SystemError) -> Bool {
        // No message is longer, on any size of pages. NLMSG_GOODSIZE
        let room = 8192
        var bytes = [UInt8](repeating: 0, count: room)
        // MSG_TRUNC has the whole length of a datagram returned, whatever the room.
        let length = recv(descriptor.rawValue, &bytes, room, CInt(MSG_DONTWAIT | MSG_TRUNC))
        guard length >= 0 else { throw .last("recv(AF_NETLINK)") }
        guard length > 0, length <= room else {
            throw SystemError(exchange.operation, .malformedMessage)
        }
        return try exchange.read(bytes.span.extracting(..<length), body)
    }
}
