internal import CShim

/// Why an expression of pcap-filter(7) gave no filter.
public enum CaptureExpressionError: Error, Hashable, Sendable {
    /// The library libpcap is not installed; the dynamic loader's reason.
    case libraryMissing(reason: String)
    /// The expression is wrong; libpcap's reason.
    case rejected(reason: String)
    /// The kernel does not take a program that long.
    case tooLong(reason: String)
}

extension SocketFilter {
    /// Compiles an expression of pcap-filter(7) for Ethernet frames. It loads libpcap, which a program that
    /// does not call this needs not have.
    ///
    /// - Throws: `CaptureExpressionError`.
    public init(expression: String) throws(CaptureExpressionError) {
        // Room is left for a filter that this one is joined to.
        let capacity = Int(BPF_MAXINSNS) - 256
        var program = [sock_filter](repeating: sock_filter(), count: capacity)
        var message = [CChar](repeating: 0, count: 512)
        let count = cshim_pcap_compile(
            expression, 0x4_0000, &program, CInt(capacity), &message, CInt(message.count))
        guard count >= 0 else {
            let end = message.firstIndex(of: 0) ?? message.endIndex
            let reason = String(
                decoding: message[..<end].map { UInt8(bitPattern: $0) }, as: UTF8.self)
            switch count {
            case CInt(CSHIM_PCAP_MISSING): throw .libraryMissing(reason: reason)
            case CInt(CSHIM_PCAP_TOO_LONG): throw .tooLong(reason: reason)
            default: throw .rejected(reason: reason)
            }
        }
        self.init(
            instructions: program[..<Int(count)].map {
                Instruction(code: $0.code, whenTrue: $0.jt, whenFalse: $0.jf, operand: $0.k)
            })
    }
}
