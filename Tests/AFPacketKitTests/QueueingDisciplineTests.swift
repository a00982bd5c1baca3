import Testing

@testable import AFPacketKit

@Suite struct QueueingDisciplineTests {
    /// struct tcmsg without its first word, and TCA_KIND.
    private func message(of index: UInt8, kind: [UInt8]) -> [UInt8] {
        let header: [UInt8] = [index, 0, 0, 0, 0, 0, 1, 0x80, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0]
        return header + [UInt8(4 + kind.count), 0, 1, 0] + kind
    }

    @Test func tellsTheKindOfTheInterfacesOwn() {
        let bytes = message(of: 3, kind: [0x65, 0x74, 0x66, 0])
        #expect(queueingDisciplineKind(in: bytes.span, of: 3) == "etf")
        #expect(queueingDisciplineKind(in: bytes.span, of: 4) == nil)
    }

    @Test func survivesWhatIsCutOff() {
        let bytes = message(of: 3, kind: [0x65, 0x74, 0x66, 0])
        for length in 0..<bytes.count {
            #expect(queueingDisciplineKind(in: bytes.span.extracting(0..<length), of: 3) == nil)
        }
    }
}
