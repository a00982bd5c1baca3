import Glibc
import Testing

@testable import AFPacketKit

/// The bytes of a number in this machine's order.
private func raw(_ number: some BitwiseCopyable) -> [UInt8] { withUnsafeBytes(of: number) { Array($0) } }

/// An attribute laid out by hand, as linux/netlink.h has it.
private func attribute(_ type: UInt16, _ payload: [UInt8], claiming length: UInt16? = nil) -> [UInt8] {
    let padding = [UInt8](repeating: 0, count: (4 - payload.count % 4) % 4)
    return raw(length ?? UInt16(4 + payload.count)) + raw(type) + payload + padding
}

/// A message laid out by hand.
private func message(
    type: UInt16, flags: UInt16 = 0, sequence: UInt32 = 7, _ payload: [UInt8], claiming length: UInt32? = nil
) -> [UInt8] {
    raw(length ?? UInt32(16 + payload.count)) + raw(type) + raw(flags) + raw(sequence) + raw(UInt32(0))
        + payload
}

private let genericHeader: [UInt8] = [1, 1, 0, 0]

private func exchange(_ kind: NetlinkRequest.Kind) -> NetlinkExchange {
    NetlinkExchange(operation: "TEST", kind: kind, sequence: 7)
}

/// The outcome of a datagram in an exchange: whether it is complete, and the types of all attributes it has passed on.
private func read(
    _ kind: NetlinkRequest.Kind, _ bytes: [UInt8]
) throws(SystemError) -> (isComplete: Bool, types: [Int]) {
    var types: [Int] = []
    let isComplete = try exchange(kind).read(bytes.span) { attributes in
        attributes.forEachAttribute { type, _ in types.append(type) }
    }
    return (isComplete, types)
}

private func refusal(_ kind: NetlinkRequest.Kind, _ bytes: [UInt8]) -> SystemError? {
    do throws(SystemError) {
        _ = try read(kind, bytes)
        return nil
    } catch { return error }
}

@Suite struct NetlinkAttributeTests {
    private func walk(_ bytes: [UInt8]) -> [(type: Int, count: Int)] {
        var found: [(Int, Int)] = []
        bytes.span.forEachAttribute { type, payload in found.append((type, payload.count)) }
        return found
    }

    @Test func writesWhatTheKernelReads() {
        var attributes = NetlinkAttributes()
        attributes.add(1) { inner in
            inner.add(2, "ab")
            inner.add(3, UInt32(5))
        }
        attributes.add(4)
        let inner = attribute(2, Array("ab\0".utf8)) + attribute(3, raw(UInt32(5)))
        #expect(attributes.bytes == attribute(0x8001, inner) + attribute(4, []))
    }

    @Test func findsEachWhateverItsPadding() {
        let bytes = attribute(1, [1]) + attribute(2, [1, 2, 3, 4, 5]) + attribute(3, [])
        #expect(walk(bytes).map(\.type) == [1, 2, 3])
        #expect(walk(bytes).map(\.count) == [1, 5, 0])
    }

    @Test func takesTheFlagsOffTheType() {
        #expect(walk(attribute(0x8005, [])).map(\.type) == [5])
        #expect(walk(attribute(0x4006, [])).map(\.type) == [6])
    }

    @Test(arguments: [0, 1, 3, 9, 255, UInt16.max])
    func stopsAtALengthThatIsWrong(length: UInt16) {
        let bytes = attribute(1, [1]) + attribute(2, [1, 2, 3, 4], claiming: length)
        #expect(walk(bytes).map(\.type) == [1])
    }

    @Test func readsNumbersOfEitherSizeAndNoOther() {
        #expect(raw(UInt32.max).span.netlinkInteger == UInt64(UInt32.max))
        #expect(raw(UInt64.max).span.netlinkInteger == .max)
        for count in [0, 1, 3, 5, 7, 9] {
            #expect([UInt8](repeating: 1, count: count).span.netlinkInteger == nil)
        }
    }

    @Test func readsTextsWithAndWithoutEnd() {
        #expect(Array("no\0rest".utf8).span.netlinkString == "no")
        #expect(Array("open".utf8).span.netlinkString == "open")
        #expect([UInt8]().span.netlinkString == "")
    }
}

@Suite struct NetlinkExchangeTests {
    private let answer = message(type: 20, genericHeader + attribute(3, [9]))
    private let done = message(type: 3, flags: 2, raw(CInt(0)))

    @Test func writesARequest() {
        var request = NetlinkRequest(command: 25, kind: .dump)
        request.attributes.add(1, UInt32(5))
        let expected = message(type: 20, flags: 0x301, [25, 1, 0, 0] + attribute(1, raw(UInt32(5))))
        #expect(request.bytes(type: 20, sequence: 7) == expected)
        request.kind = .set
        #expect(request.bytes(type: 20, sequence: 7)[6] == 5)
    }

    @Test func oneMessageAnswersAGet() throws {
        let result = try read(.get, answer)
        #expect(result.isComplete && result.types == [3])
    }

    @Test func anAcknowledgementEndsASet() throws {
        let result = try read(.set, answer)
        #expect(!result.isComplete && result.types == [3])
        #expect(try read(.set, message(type: 2, raw(CInt(0)) + message(type: 20, []))).isComplete)
    }

    @Test func aDumpGoesOnUntilItsEnd() throws {
        let first = try read(.dump, answer + answer)
        #expect(!first.isComplete && first.types == [3, 3])
        let last = try read(.dump, answer + done)
        #expect(last.isComplete && last.types == [3])
    }

    @Test func answersToEarlierRequestsArePassedOver() throws {
        let stale = message(type: 20, sequence: 6, genericHeader + attribute(4, []))
        let refused = message(type: 2, sequence: 6, raw(-EPERM) + message(type: 20, []))
        let result = try read(.get, stale + refused + answer)
        #expect(result.isComplete && result.types == [3])
        #expect(try !read(.get, stale + refused).isComplete)
    }

    @Test func refusalsCarryTheKernelsReasonAndWords() {
        let request = message(type: 20, genericHeader + attribute(1, [1, 2, 3]))
        let words = attribute(1, Array("not on this NIC\0".utf8))
        let whole = message(type: 2, flags: 0x200, raw(-ERANGE) + request + words)
        let capped = message(type: 2, flags: 0x300, raw(-ERANGE) + request.prefix(16) + words)
        for bytes in [whole, capped] {
            let error = refusal(.set, bytes)
            #expect(error?.code == .outOfRange && error?.explanation == "not on this NIC")
            #expect(error?.description.hasSuffix("(not on this NIC)") ?? false)
        }
        let silent = message(type: 2, raw(-ERANGE) + request)
        #expect(refusal(.set, silent) == SystemError("TEST", .outOfRange))
        #expect(refusal(.set, silent)?.explanation == nil)
    }

    @Test func aDumpMayEndInARefusal() {
        let words = attribute(1, Array("gone".utf8))
        let error = refusal(.dump, message(type: 3, flags: 0x202, raw(-ENODEV) + words))
        #expect(error?.code == .noSuchDevice && error?.explanation == "gone")
    }

    @Test func aListThatChangedMeanwhileIsNoAnswer() {
        let changed = message(type: 20, flags: 0x12, genericHeader)
        #expect(refusal(.dump, changed)?.code == .interrupted)
        #expect(refusal(.dump, message(type: 4, []))?.code == .noBufferSpace)
    }

    @Test(arguments: [0, 15, 25, UInt32.max])
    func refusesALengthThatIsWrong(length: UInt32) {
        let bytes = message(type: 20, genericHeader + [0, 0, 0, 0], claiming: length)
        #expect(refusal(.get, bytes)?.code == .malformedMessage)
    }

    @Test func refusesWhatIsCutOff() {
        let words = attribute(1, Array("why".utf8))
        let refused = message(type: 2, flags: 0x200, raw(-EPERM) + message(type: 20, genericHeader) + words)
        for bytes in [answer, refused, done] {
            for count in 1..<bytes.count {
                #expect(refusal(.dump, Array(bytes[..<count]))?.code == .malformedMessage)
            }
        }
        // Whole to the header's mind, and yet without what such a message has.
        #expect(refusal(.get, message(type: 20, [1]))?.code == .malformedMessage)
        #expect(refusal(.get, message(type: 2, [1]))?.code == .malformedMessage)
    }

    @Test func survivesRandomBytes() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            var bytes = (0..<Int.random(in: 0...96, using: &generator)).map { _ in
                UInt8.random(in: 0...40, using: &generator)
            }
            // Headers that let the walk get somewhere.
            if bytes.count >= 16 {
                bytes.replaceSubrange(0..<4, with: raw(UInt32(Int.random(in: 12...bytes.count + 2))))
                bytes.replaceSubrange(
                    4..<8, with: raw(UInt16.random(in: 0...5)) + raw(UInt16.random(in: 0...0x3ff)))
                bytes.replaceSubrange(8..<12, with: raw(UInt32(7)))
            }
            _ = refusal(.dump, bytes)
            _ = TimestampingCapabilities(attributes: bytes.span)
            _ = HardwareTimestampingSetting(attributes: bytes.span)
            _ = GenericNetlink.Family(attributes: bytes.span)
        }
    }
}

@Suite struct GenericNetlinkTests {
    private func failure(of body: () throws(SystemError) -> Void) -> SystemError? {
        do throws(SystemError) {
            try body()
            return nil
        } catch { return error }
    }

    @Test func readsAFamily() {
        let operation = { (number: UInt32) in
            attribute(0x8001, attribute(1, raw(number)) + attribute(2, raw(number)))
        }
        let bytes =
            attribute(2, Array("ethtool\0".utf8)) + attribute(1, raw(UInt16(21)))
            + attribute(0x8006, operation(1) + operation(25) + operation(300))
        let family = GenericNetlink.Family(attributes: bytes.span)
        #expect(family?.identifier == 21 && family?.commands == [1, 25])
        #expect(GenericNetlink.Family(attributes: attribute(2, Array("ethtool\0".utf8)).span) == nil)
    }

    @Test func theKernelListsItsController() throws {
        var socket = try GenericNetlink()
        let family = try socket.family(named: "nlctrl")
        #expect(family.identifier == 16 && family.commands.contains(3))
        // The same socket goes on after a refusal.
        #expect(
            failure { () throws(SystemError) in _ = try socket.family(named: "none") }?.code.rawValue
                == ENOENT)
        #expect(try socket.family(named: "nlctrl") == family)
    }

    @Test func theKernelListsAllFamilies() throws {
        var socket = try GenericNetlink()
        let controller = try socket.family(named: "nlctrl").identifier
        var families: [GenericNetlink.Family] = []
        try socket.ask("CTRL_CMD_GETFAMILY", controller, NetlinkRequest(command: 3, kind: .dump)) {
            attributes in
            if let family = GenericNetlink.Family(attributes: attributes) { families.append(family) }
        }
        #expect(families.contains { $0.identifier == controller })
        #expect(Set(families.map(\.identifier)).count == families.count)
    }
}
