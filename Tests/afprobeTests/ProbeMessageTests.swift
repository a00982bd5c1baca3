import Testing

@testable import afprobe

private let full: ProbeMessage = {
    var report = ResponderInfo()
    report.responder = 1
    (report.requests, report.duplicates, report.replies, report.suppressed) = (2, 3, 4, 5)
    report.clockOffsetError = 9
    report[.receivedHardware] = 6
    report[.receivedSoftware] = -7
    report[.receivedUserspace] = .max
    report[.sentUserspace] = .min
    report[.sentHardware] = 0
    report[.clockOffset] = 37_000_000_000
    report.generation = 0x2122
    return ProbeMessage(
        number: 0x0102_0304_0506_0708, kind: .reply, flags: [.wantsFollowUp, .wantsScheduledStamp],
        session: 0x1112_1314_1516_1718, losses: ResponderLosses(refused: 0x3132, dropped: 0x4142),
        info: report)
}()

private func encode(_ message: ProbeMessage, size: Int, at start: Int = 0) -> [UInt8] {
    var bytes = [UInt8](repeating: 0xee, count: start + size)
    var span = bytes.mutableSpan
    message.encode(into: &span, at: start)
    return bytes
}

@Suite struct ProbeMessageTests {
    /// The reference's format, byte by byte.
    @Test func encodesTheReferencesProbe() {
        let bytes = encode(ProbeMessage(number: 0x0102, kind: .probe), size: 18)
        #expect(
            bytes == [0x93, 0x72, 0xe7, 0x59, 0xc7, 0xb5, 0xaa, 0x73, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0])
    }

    @Test func decodesTheReferencesProbe() throws {
        let bytes: [UInt8] = [0x93, 0x72, 0xe7, 0x59, 0xc7, 0xb5, 0xaa, 0x73, 33, 0, 0, 0, 0, 0, 0, 0]
        #expect(try ProbeMessage(decoding: bytes.span) == ProbeMessage(number: 33, kind: .probe))
    }

    @Test func takesNoPaddingForFields() throws {
        let reference = encode(ProbeMessage(number: 5, kind: .probe), size: 16)
        for padding in [[UInt8](repeating: 0, count: 200), [UInt8](repeating: 0xa1, count: 200)] {
            let message = try ProbeMessage(decoding: (reference + padding).span)
            #expect(message == ProbeMessage(number: 5, kind: .probe))
        }
    }

    /// The layout written at the top of the source, byte by byte.
    @Test func laysOutTheFieldsAsDocumented() {
        let bytes = encode(full, size: 140, at: 2)[2...].map { $0 }
        #expect(Array(bytes[8..<16]) == [8, 7, 6, 5, 4, 3, 2, 1])
        #expect(Array(bytes[16..<24]) == [0xa1, 0xf7, 0x0b, 0x5e, 1, 3, 136, 0])
        #expect(Array(bytes[26..<32]) == [3, 0, 0x32, 0x31, 0x42, 0x41])
        #expect(Array(bytes[32..<40]) == [0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11])
        #expect(bytes[40] == 1 && bytes[48] == 2 && bytes[52] == 3 && bytes[56] == 4 && bytes[60] == 5)
        #expect(bytes[64] == 6 && bytes[72] == 0xf9 && bytes[87] == 0x7f && bytes[95] == 0x80)
        #expect(bytes[128] == 9)
        #expect(Array(bytes[132..<140]) == [0b1100_1111, 0, 0x22, 0x21, 0, 0, 0, 0])
        let request = ProbeMessage(number: 1, kind: .request, session: 2, timeout: 0x0102_0304)
        #expect(Array(encode(request, size: 136)[26..<32]) == [0, 0, 4, 3, 2, 1])
    }

    @Test(arguments: [ProbeMessage.Kind.probe, .request, .reply, .followUp])
    func decodesWhatItEncodes(kind: ProbeMessage.Kind) throws {
        var message = full
        message.kind = kind
        if kind == .probe || kind == .request {
            (message.info, message.losses) = (ResponderInfo(), ResponderLosses())
        }
        if kind == .request { message.timeout = 1_000_000 }
        #expect(try ProbeMessage(decoding: encode(message, size: 200).span) == message)
    }

    @Test func shrinksAProbeToWhatFits() throws {
        let message = ProbeMessage(number: 9, kind: .probe, session: 4)
        #expect(try ProbeMessage(decoding: encode(message, size: 40).span) == message)
        #expect(
            try ProbeMessage(decoding: encode(message, size: 39).span)
                == ProbeMessage(number: 9, kind: .probe))
    }

    @Test func tellsFaultsApart() throws {
        func fault(_ bytes: [UInt8]) -> FrameFault? {
            do throws(FrameFault) { _ = try ProbeMessage(decoding: bytes.span) } catch { return error }
            return nil
        }
        let bytes = encode(full, size: 136)
        #expect(fault([]) == .foreign)
        #expect(fault([1, 2, 3]) == .foreign)
        #expect(fault([UInt8](repeating: 0, count: 60)) == .foreign)
        #expect(fault(Array(bytes[..<8])) == .truncated)
        #expect(fault(Array(bytes[..<15])) == .truncated)
        #expect(fault(Array(bytes[..<135])) == .truncated)
        #expect(fault(bytes) == nil)
        var changed = bytes
        // Another version or kind has a right check value; a corrupt byte makes it wrong.
        for (index, value) in [(20, 2), (21, 9)] as [(Int, UInt8)] {
            changed = bytes
            changed[index] = value
            #expect(fault(changed) == .corrupt, "byte \(index)")
            var frame = changed.mutableSpan
            let sum = ProbeMessage.clearCheck(in: &frame, at: 0, length: 136)
            frame.storeBigEndian(sum.value, at: ProbeMessage.checkOffset)
            #expect(fault(changed) == .otherVersion, "byte \(index)")
        }
        for index in Array(22..<136) {
            changed = bytes
            changed[index] ^= 0x10
            #expect(fault(changed) == .corrupt, "byte \(index)")
        }
    }

    @Test func survivesEveryCutAndRandomBytes() {
        let bytes = encode(full, size: 136)
        for _ in 0..<20_000 {
            var changed = Array(bytes[..<Int.random(in: 0...136)])
            for _ in 0..<Int.random(in: 0...4) where !changed.isEmpty {
                changed[Int.random(in: 0..<changed.count)] = .random(in: 0...255)
            }
            _ = try? ProbeMessage(decoding: changed.span)
        }
    }
}
