import Glibc
import Testing

@testable import AFPacketKit

/// The kernel's own judgement of a filter: it is attached to one end of a local datagram pair, and frames
/// are sent from the other. That needs no privilege.
private final class FilterBench {
    private let near: Descriptor
    private let far: Descriptor

    init(_ filter: SocketFilter) throws {
        var pair: [CInt] = [0, 0]
        let result = socketpair(AF_UNIX, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_NONBLOCK.rawValue), 0, &pair)
        try #require(result == 0)
        near = try Descriptor("socketpair", pair[0])
        far = try Descriptor("socketpair", pair[1])
        try filter.attach(to: far)
    }

    func accepts(_ frame: [UInt8]) -> Bool {
        _ = send(near.rawValue, frame, frame.count, 0)
        var buffer = [UInt8](repeating: 0, count: 2048)
        let received = recv(far.rawValue, &buffer, buffer.count, 0)
        return received == frame.count
    }
}

private let here = MACAddress(0x0200_0000_000b)

private func ethernet(to destination: MACAddress, type: UInt16, _ payload: [UInt8]) -> [UInt8] {
    (0..<6).map { destination[$0] } + [2, 0, 0, 0, 0, 10, UInt8(type >> 8), UInt8(type & 0xff)] + payload
}

/// An IPv4 header, `options` words longer than the least, and a UDP header.
private func ipv4(port: UInt16, protocolNumber: UInt8 = 17, fragment: UInt16 = 0, options: Int = 0) -> [UInt8]
{
    [
        UInt8(0x45 + options), 0, 0, 28, 0, 0, UInt8(fragment >> 8), UInt8(fragment & 0xff), 64,
        protocolNumber, 0, 0,
    ]
        + [10, 0, 0, 1, 10, 0, 0, 2] + [UInt8](repeating: 1, count: 4 * options)
        + [0xea, 0x60, UInt8(port >> 8), UInt8(port & 0xff), 0, 8, 0, 0]
}

private func ipv6(port: UInt16, next: UInt8 = 17) -> [UInt8] {
    [0x60, 0, 0, 0, 0, 8, next, 64] + [UInt8](repeating: 0, count: 32)
        + [0xea, 0x60, UInt8(port >> 8), UInt8(port & 0xff), 0, 8, 0, 0]
}

@Suite struct SocketFilterTests {
    @Test func rejectsEverything() throws {
        let bench = try FilterBench(.rejectAll)
        #expect(!bench.accepts(ethernet(to: here, type: 0x88b5, [1, 2, 3])))
    }

    @Test func acceptsOneTypeToTheDestinations() throws {
        let bench = try FilterBench(.frames(of: .localExperimental1, to: [here, .broadcast]))
        #expect(bench.accepts(ethernet(to: here, type: 0x88b5, [1])))
        #expect(bench.accepts(ethernet(to: .broadcast, type: 0x88b5, [1])))
        #expect(!bench.accepts(ethernet(to: here, type: 0x88b6, [1])))
        #expect(!bench.accepts(ethernet(to: MACAddress(here.value + 1), type: 0x88b5, [1])))
        #expect(!bench.accepts(ethernet(to: MACAddress(here.value ^ 1 << 40), type: 0x88b5, [1])))
    }

    @Test func rejectsFramesThatEndTooEarly() throws {
        let bench = try FilterBench(.frames(of: .localExperimental1, to: [here]))
        let frame = ethernet(to: here, type: 0x88b5, [])
        for count in 1..<frame.count { #expect(!bench.accepts(Array(frame[..<count]))) }
        #expect(bench.accepts(frame))
    }

    @Test func acceptsDatagramsOfBothVersionsToOnePort() throws {
        let bench = try FilterBench(.datagrams(to: 61_000, destinations: [here, .broadcast]))
        #expect(bench.accepts(ethernet(to: here, type: 0x0800, ipv4(port: 61_000))))
        #expect(bench.accepts(ethernet(to: .broadcast, type: 0x0800, ipv4(port: 61_000))))
        #expect(bench.accepts(ethernet(to: here, type: 0x0800, ipv4(port: 61_000, options: 3))))
        #expect(bench.accepts(ethernet(to: here, type: 0x86dd, ipv6(port: 61_000))))
        #expect(!bench.accepts(ethernet(to: here, type: 0x0800, ipv4(port: 61_001))))
        #expect(!bench.accepts(ethernet(to: here, type: 0x86dd, ipv6(port: 61_001))))
        #expect(!bench.accepts(ethernet(to: here, type: 0x0800, ipv4(port: 61_000, protocolNumber: 6))))
        #expect(!bench.accepts(ethernet(to: here, type: 0x86dd, ipv6(port: 61_000, next: 6))))
        #expect(!bench.accepts(ethernet(to: here, type: 0x88b5, ipv4(port: 61_000))))
    }

    @Test func rejectsFragments() throws {
        let bench = try FilterBench(.datagrams(to: 61_000, destinations: [here]))
        #expect(!bench.accepts(ethernet(to: here, type: 0x0800, ipv4(port: 61_000, fragment: 0x2000))))
        #expect(!bench.accepts(ethernet(to: here, type: 0x0800, ipv4(port: 61_000, fragment: 0x0001))))
        #expect(bench.accepts(ethernet(to: here, type: 0x0800, ipv4(port: 61_000, fragment: 0x4000))))
    }

    @Test func joinsTwoFilters() throws {
        let datagrams = SocketFilter.datagrams(to: 61_000, destinations: [here])
        let bench = try FilterBench(datagrams.and(SocketFilter(expression: "ip6 or src host 10.0.0.9")))
        #expect(bench.accepts(ethernet(to: here, type: 0x86dd, ipv6(port: 61_000))))
        #expect(!bench.accepts(ethernet(to: here, type: 0x86dd, ipv6(port: 61_001))))
        #expect(!bench.accepts(ethernet(to: here, type: 0x0800, ipv4(port: 61_000))))
    }

    @Test func comparesBytes() throws {
        let own = SocketFilter.frames(with: [7, 8, 9], at: 15)
        let bench = try FilterBench(own)
        #expect(bench.accepts(ethernet(to: here, type: 0x88b5, [1, 7, 8, 9])))
        #expect(!bench.accepts(ethernet(to: here, type: 0x88b5, [1, 7, 8, 10])))
        #expect(!bench.accepts(ethernet(to: here, type: 0x88b5, [7, 8, 9, 1])))
        #expect(!bench.accepts(ethernet(to: here, type: 0x88b5, [1, 7, 8])))
    }

    @Test func acceptsWhatEitherOfTwoAccepts() throws {
        let either = SocketFilter.frames(without: 1, at: 14).or(.frames(with: [7], at: 15))
        let bench = try FilterBench(.frames(of: .localExperimental1, to: [here]).and(either))
        #expect(bench.accepts(ethernet(to: here, type: 0x88b5, [1, 7])))
        #expect(bench.accepts(ethernet(to: here, type: 0x88b5, [2, 0])))
        #expect(!bench.accepts(ethernet(to: here, type: 0x88b5, [1, 0])))
        #expect(!bench.accepts(ethernet(to: here, type: 0x88b6, [1, 7])))
        #expect(!bench.accepts(ethernet(to: here, type: 0x88b5, [])))
    }

    /// The kernel takes 4,096 instructions, and has no number for more than 65,535.
    @Test(arguments: [4_097, 65_537]) func aFilterThatIsTooLongIsRefused(count: Int) throws {
        let filter = SocketFilter(
            instructions: Array(repeating: SocketFilter.rejectAll.instructions[0], count: count))
        let descriptor = try Descriptor("socket", socket(AF_INET, CInt(SOCK_DGRAM.rawValue), 0))
        #expect(throws: SystemError("SO_ATTACH_FILTER", .invalidArgument)) {
            try filter.attach(to: descriptor)
        }
    }

    @Test func passesOnWhatLibpcapSaysOfAnExpression() throws {
        #expect {
            _ = try SocketFilter(expression: "host and and")
        } throws: { error in
            guard case .rejected(let reason) = error as? PcapError else { return false }
            return reason.contains("syntax error")
        }
    }
}

/// Payloads wherever they stand in a frame.
@Suite struct PayloadFilterTests {
    private let start: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8]
    private let pattern = PayloadPattern(
        start: 0x0102_0304_0506_0708, gaps: [0, 4],
        except: PayloadPattern.Exception(word: 0x1112_1314, at: 8, bytes: [3, 4], at: 12))

    private func udp4(_ payload: [UInt8], options: Int = 0, fragment: UInt16 = 0, protocolNumber: UInt8 = 17)
        -> [UInt8]
    {
        ipv4(port: 7, protocolNumber: protocolNumber, fragment: fragment, options: options) + payload
    }

    @Test func findsThemInEveryCarrier() throws {
        let bench = try FilterBench(.payloads(pattern))
        for payload in [start, [0, 0, 0, 0] + start, start + [9]] {
            for (type, content) in [
                (0x88b5 as UInt16, payload), (0x1234, payload), (0x0800, udp4(payload)),
                (0x0800, udp4(payload, options: 10)), (0x86dd, ipv6(port: 7) + payload),
            ] {
                let frame = ethernet(to: here, type: type, content)
                #expect(bench.accepts(frame), "\(type): \(payload)")
                for tag in [0x81, 0x88] as [UInt8] {
                    let tagged = frame[..<12] + [tag, tag == 0x81 ? 0 : 0xa8, 0, 5] + frame[12...]
                    #expect(bench.accepts(Array(tagged)), "\(type), tagged: \(payload)")
                }
            }
        }
    }

    @Test func rejectsEverythingElse() throws {
        let bench = try FilterBench(.payloads(pattern))
        for (type, content) in [
            (0x88b5 as UInt16, []), (0x88b5, Array(start.dropLast())), (0x88b5, [0] + start),
            (0x88b5, start.map { $0 ^ 1 } + start), (0x88b5, [1, 2, 3, 4, 5, 6, 7, 9]),
            (0x0800, start), (0x0800, udp4(start, protocolNumber: 6)), (0x0800, udp4(start, fragment: 1)),
            (0x0800, udp4(start, fragment: 0x2000)), (0x86dd, ipv6(port: 7, next: 6) + start),
            (0x86dd, start),
            (0x8100, start),
        ] {
            #expect(!bench.accepts(ethernet(to: here, type: type, content)), "\(type): \(content)")
        }
    }

    /// Behind a word, and only there; a payload that ends before it is none of them.
    @Test func leavesExceptionsOut() throws {
        let bench = try FilterBench(.payloads(pattern))
        let word: [UInt8] = [0x11, 0x12, 0x13, 0x14]
        func accepts(_ rest: [UInt8], gap: [UInt8] = []) -> Bool {
            bench.accepts(ethernet(to: here, type: 0x0800, udp4(gap + start + rest)))
        }
        #expect(!accepts(word + [3]) && !accepts(word + [4, 0]) && !accepts(word + [3], gap: [0, 0, 0, 0]))
        #expect(accepts(word + [2]) && accepts(word) && accepts([0x11, 0, 0, 0, 3]) && accepts([]))
    }

    @Test func invertedAcceptsTheOthers() throws {
        let bench = try FilterBench(
            SocketFilter.frames(of: .localExperimental1, to: [here, .broadcast]).inverted)
        #expect(!bench.accepts(ethernet(to: here, type: 0x88b5, [1])))
        #expect(!bench.accepts(ethernet(to: .broadcast, type: 0x88b5, [1])))
        #expect(bench.accepts(ethernet(to: here, type: 0x88b6, [1])))
        #expect(bench.accepts(ethernet(to: MACAddress(0x0200_0000_0077), type: 0x88b5, [1])))
        let both = try FilterBench(
            SocketFilter.datagrams(to: 7, destinations: [here]).inverted.and(.payloads(pattern)))
        #expect(!both.accepts(ethernet(to: here, type: 0x0800, udp4(start))))
        #expect(both.accepts(ethernet(to: here, type: 0x88b5, start)))
        #expect(both.accepts(ethernet(to: .broadcast, type: 0x0800, udp4(start))))
    }
}
