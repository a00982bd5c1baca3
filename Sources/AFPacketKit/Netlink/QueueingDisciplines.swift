internal import CShim
import Glibc

extension NetworkInterface {
    /// The kinds of the queueing disciplines of this interface, such as `fq` and `etf`, including the root.
    /// RTM_GETQDISC, rtnetlink(7)
    ///
    /// - Throws: `SystemError` of the call that failed.
    public func queueingDisciplines() throws(SystemError) -> [String] {
        try NetlinkSocket.repeating { () throws(SystemError) in try listQueueingDisciplines() }
    }

    private func listQueueingDisciplines() throws(SystemError) -> [String] {
        var socket = try NetlinkSocket(NETLINK_ROUTE)
        let sequence = socket.nextSequence()
        let request = unsafe netlinkMessage(
            type: UInt16(RTM_GETQDISC), flags: NLM_F_REQUEST | NLM_F_DUMP, sequence: sequence,
            withUnsafeBytes(of: tcmsg()) { unsafe Array($0) })
        let exchange = NetlinkExchange(operation: "RTM_GETQDISC", kind: .dump, sequence: sequence)
        var kinds: [String] = []
        try socket.ask(exchange, request) { content in
            if let kind = queueingDisciplineKind(in: content, of: index) { kinds.append(kind) }
        }
        return kinds
    }
}

/// The kind in a message if it is about an interface. The message continues with struct tcmsg from the interface's
/// index on, then attributes.
func queueingDisciplineKind(in content: Span<UInt8>, of interfaceIndex: Int32) -> String? {
    let fixedSize = MemoryLayout<tcmsg>.size - 4
    guard content.load(Int32.self, at: 0) == interfaceIndex, content.count >= fixedSize else { return nil }
    var kind: String?
    content.extracting(fixedSize..<content.count).forEachAttribute { type, payload in
        if type == Int(TCA_KIND) { kind = payload.netlinkString }
    }
    return kind
}
