import Glibc
import Testing

@testable import AFPacketKit

extension Ancillary {
    fileprivate init(controlBytes bytes: Span<UInt8>) {
        self.init()
        read(bytes)
    }
}

/// Control messages as the kernel lays them out, written by hand from the manual.
private struct ControlBytes {
    var bytes: [UInt8] = []

    mutating func add(level: CInt, type: CInt, _ data: [UInt8], claiming length: Int? = nil) {
        append(length ?? 16 + data.count)
        append(level)
        append(type)
        bytes += data
        while bytes.count % 8 != 0 { bytes.append(0) }
    }

    private mutating func append<Number: BitwiseCopyable>(_ number: Number) {
        bytes += withUnsafeBytes(of: number) { Array($0) }
    }
}

private func words(_ values: Int64...) -> [UInt8] {
    values.flatMap { value in withUnsafeBytes(of: value) { Array($0) } }
}

/// sock_extended_err
private func extendedError(origin: UInt8, code: UInt8 = 0, info: UInt32, data: UInt32) -> [UInt8] {
    var bytes = withUnsafeBytes(of: UInt32(ENOMSG)) { Array($0) }
    bytes += [origin, 0, code, 0]
    for value in [info, data] { bytes += withUnsafeBytes(of: value) { Array($0) } }
    return bytes
}

/// tpacket_auxdata
private func auxiliary(status: UInt32, tci: UInt16, tpid: UInt16) -> [UInt8] {
    var bytes = withUnsafeBytes(of: status) { Array($0) } + [UInt8](repeating: 0, count: 12)
    for value in [tci, tpid] { bytes += withUnsafeBytes(of: value) { Array($0) } }
    return bytes
}

@Suite struct AncillaryTests {
    private let newStamp: CInt = 65
    private let oldStamp: CInt = 37
    private let packetLevel: CInt = 263

    @Test func readsStampsOfBothKinds() {
        for type in [newStamp, oldStamp] {
            var control = ControlBytes()
            control.add(level: SOL_SOCKET, type: type, words(10, 11, 0, 0, 20, 21))
            let ancillary = Ancillary(controlBytes: control.bytes.span)
            #expect(ancillary.software?.nanoseconds == 10_000_000_011)
            #expect(ancillary.hardware?.nanoseconds == 20_000_000_021)
        }
    }

    /// The launch time stands where a stamp would, before or behind the error.
    @Test(arguments: [(UInt8(1), LaunchFailure.invalid), (2, .missed)])
    func readsWhyAFrameWasNotLaunched(code: UInt8, failure: LaunchFailure) {
        for stampComesFirst in [true, false] {
            var control = ControlBytes()
            let stamp = words(10, 11, 0, 0, 0, 0)
            if stampComesFirst { control.add(level: SOL_SOCKET, type: newStamp, stamp) }
            control.add(
                level: packetLevel, type: 16, extendedError(origin: 6, code: code, info: 11, data: 10))
            if !stampComesFirst { control.add(level: SOL_SOCKET, type: newStamp, stamp) }
            let ancillary = Ancillary(controlBytes: control.bytes.span)
            #expect(ancillary.launchFailure == failure)
            #expect(ancillary.software == nil && ancillary.transmission == nil)
        }
    }

    @Test func takesZeroForNoStamp() {
        var control = ControlBytes()
        control.add(level: SOL_SOCKET, type: newStamp, words(0, 0, 0, 0, 20, 0))
        let ancillary = Ancillary(controlBytes: control.bytes.span)
        #expect(ancillary.software == nil)
        #expect(ancillary.hardware?.nanoseconds == 20_000_000_000)
    }

    @Test func readsTransmitCompletionsWhereverTheyStand() {
        var control = ControlBytes()
        control.add(level: SOL_SOCKET, type: newStamp, words(10, 11, 0, 0, 0, 0))
        control.add(level: packetLevel, type: 16, extendedError(origin: 4, info: 1, data: 77))
        let ancillary = Ancillary(controlBytes: control.bytes.span)
        #expect(ancillary.transmission == TransmitCompletion(event: .scheduled, key: 77))
        #expect(ancillary.software?.nanoseconds == 10_000_000_011)
    }

    @Test func passesOverErrorsOfAnotherOrigin() {
        var control = ControlBytes()
        control.add(level: packetLevel, type: 16, extendedError(origin: 6, info: 0, data: 1))
        #expect(Ancillary(controlBytes: control.bytes.span).transmission == nil)
    }

    @Test func readsTheTagThatTheKernelTookOut() {
        var control = ControlBytes()
        control.add(level: packetLevel, type: 8, auxiliary(status: 0x51, tci: 0xa064, tpid: 0x88a8))
        let ancillary = Ancillary(controlBytes: control.bytes.span)
        #expect(ancillary.vlan?.identifier == 100)
        #expect(ancillary.vlan?.priority == 5)
        #expect(ancillary.vlan?.protocolIdentifier == .serviceVLAN)
    }

    @Test func tellsAnUntaggedFrameFromVLANZero() {
        var untagged = ControlBytes()
        untagged.add(level: packetLevel, type: 8, auxiliary(status: 0x1, tci: 0, tpid: 0))
        #expect(Ancillary(controlBytes: untagged.bytes.span).vlan == nil)
        var tagged = ControlBytes()
        tagged.add(level: packetLevel, type: 8, auxiliary(status: 0x11, tci: 0, tpid: 0))
        #expect(Ancillary(controlBytes: tagged.bytes.span).vlan == VLANTag(identifier: 0))
    }

    @Test func tellsAChecksumThatIsNotReady() {
        var control = ControlBytes()
        control.add(level: packetLevel, type: 8, auxiliary(status: 0x8, tci: 0, tpid: 0))
        #expect(Ancillary(controlBytes: control.bytes.span).isChecksumPending)
    }

    @Test(arguments: [0, 1, 15, 1 << 20, Int.max, Int.min, -1])
    func stopsAtALengthThatIsWrong(length: Int) {
        var control = ControlBytes()
        control.add(level: SOL_SOCKET, type: newStamp, words(1, 0, 0, 0, 0, 0))
        control.add(
            level: packetLevel, type: 16, extendedError(origin: 4, info: 0, data: 1), claiming: length)
        let ancillary = Ancillary(controlBytes: control.bytes.span)
        #expect(ancillary.software?.nanoseconds == 1_000_000_000)
        #expect(ancillary.transmission == nil)
    }

    /// The bytes that a message lacks are those of the next one.
    @Test func readsNoMessageIntoTheNext() {
        var control = ControlBytes()
        control.add(level: SOL_SOCKET, type: newStamp, words(1, 0))
        control.add(
            level: packetLevel, type: 16, extendedError(origin: 4, info: 0, data: 7))
        let ancillary = Ancillary(controlBytes: control.bytes.span)
        #expect(ancillary.software == nil && ancillary.hardware == nil)
        #expect(ancillary.transmission?.key == 7)
    }

    @Test func readsNothingOutOfEveryCutOffEnd() {
        var control = ControlBytes()
        control.add(level: packetLevel, type: 8, auxiliary(status: 0x51, tci: 1, tpid: 0x8100))
        control.add(level: SOL_SOCKET, type: newStamp, words(1, 0, 0, 0, 2, 0))
        for count in 0..<control.bytes.count {
            let ancillary = Ancillary(controlBytes: Array(control.bytes[..<count]).span)
            #expect(ancillary.hardware == nil, "cut off after \(count) bytes")
        }
    }

    @Test func survivesRandomBytes() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...96, using: &generator)).map { index in
                // Small lengths and known types, so that the walk gets somewhere.
                index % 8 < 2 ? UInt8.random(in: 0...80) : UInt8.random(in: 0...1)
            }
            _ = Ancillary(controlBytes: bytes.span)
        }
    }
}
