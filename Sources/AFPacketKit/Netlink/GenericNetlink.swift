internal import CShim
import Glibc

/// A socket for requests to families of generic netlink. netlink(7)
struct GenericNetlink: ~Copyable {
    /// A generic netlink family.
    struct Family: Equatable {
        /// The type of its messages.
        let identifier: UInt16
        /// The requests that it answers. An array: creating a set makes the runtime look up types, which takes longer.
        let commands: [UInt8]

        /// Parses the attributes of an answer to CTRL_CMD_GETFAMILY; nil if they lack the number.
        init?(attributes: Span<UInt8>) {
            var identifier: UInt16?
            var commands: [UInt8] = []
            attributes.forEachAttribute { type, payload in
                switch type {
                case Int(CTRL_ATTR_FAMILY_ID): identifier = payload.load(UInt16.self, at: 0)
                case Int(CTRL_ATTR_OPS):
                    // A list: the attribute type is the index in it.
                    payload.forEachAttribute { _, operation in
                        operation.forEachAttribute { type, payload in
                            guard type == Int(CTRL_ATTR_OP_ID), let number = payload.netlinkInteger,
                                let command = UInt8(exactly: number)
                            else { return }
                            commands.append(command)
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

    private var socket: NetlinkSocket

    /// Opens a socket in this network namespace. Needs no privilege.
    ///
    /// - Throws: `SystemError` of the call that failed: the kernel may lack netlink, or a sandbox forbid it.
    init() throws(SystemError) { socket = try NetlinkSocket(NETLINK_GENERIC) }

    /// Looks up a family by its name. CTRL_CMD_GETFAMILY
    ///
    /// - Throws: `SystemError`, with ENOENT if the kernel was built without it.
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
        let sequence = socket.nextSequence()
        let exchange = NetlinkExchange(operation: operation, kind: request.kind, sequence: sequence)
        try socket.ask(exchange, request.bytes(type: family, sequence: sequence), body)
    }
}
