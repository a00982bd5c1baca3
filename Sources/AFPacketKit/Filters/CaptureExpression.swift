internal import CShim

extension SocketFilter {
    /// Compiles an expression of pcap-filter(7) for Ethernet frames. Loads libpcap, which a program that does not call
    /// this does not need.
    ///
    /// - Throws: `PcapError`.
    public init(expression: String) throws(PcapError) {
        // Leaves room for a filter that this one is joined to.
        let capacity = Int(BPF_MAXINSNS) - 256
        var program = [sock_filter](repeating: sock_filter(), count: capacity)
        let count = try unsafe PcapError.check { reason, size in
            unsafe cshim_pcap_compile(expression, 0x4_0000, &program, CInt(capacity), reason, size)
        }
        self.init(
            instructions: program[..<Int(count)].map {
                Instruction(code: $0.code, whenTrue: $0.jt, whenFalse: $0.jf, operand: $0.k)
            })
    }
}
