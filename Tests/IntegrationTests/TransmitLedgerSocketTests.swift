import AFPacketKit
import Testing

/// Frames that leave through a real interface, and their completions.
@Suite(.enabled(if: Namespaces.canBeMade)) struct TransmitLedgerSocketTests {
    private static let recording: TimestampingFlags = [.transmitSoftware, .transmitScheduled]

    /// Sends numbered frames, each as `send` does, and returns what the ledger makes of their completions.
    private func matches(
        _ count: UInt8,
        _ send:
            @escaping @Sendable (borrowing TimestampedSocket, inout TransmitLedger, Span<UInt8>) throws ->
            Void
    ) throws -> [TransmitLedger.Match: Int] {
        let hosts = try Namespaces()
        let near = hosts.near
        return try near.inNamespace {
            let socket = try PacketSocket.transmitter(
                on: try NetworkInterface(named: near.interface),
                timestamping: Self.recording.union([.software, .identifier]))
            var ledger = TransmitLedger(capacity: 64)
            var frame = [UInt8](repeating: 0xff, count: 60)
            frame.replaceSubrange(12..<14, with: [0x88, 0xb5])
            for number in 1...count {
                frame[20] = number
                try send(socket, &ledger, frame.span)
            }
            return try collect(from: socket, &ledger)
        }
    }

    private func collect(
        from socket: borrowing TimestampedSocket, _ ledger: inout TransmitLedger
    ) throws -> [TransmitLedger.Match: Int] {
        var matches: [TransmitLedger.Match: Int] = [:]
        var completions = MessageBatch(capacity: 16, frameCapacity: 256)
        repeat {
            try socket.receiveCompletions(into: &completions)
            for index in 0..<completions.count {
                let match = ledger.match(completions[index])
                let software = completions[index].ancillary.software
                #expect(software != nil)
                matches[match, default: 0] += 1
            }
        } while completions.count > 0
        return matches
    }

    private func twice(_ tokens: some Sequence<UInt64>) -> [TransmitLedger.Match: Int] {
        Dictionary(uniqueKeysWithValues: tokens.map { (.token($0), 2) })
    }

    /// Scheduled and software, for every frame.
    @Test func everyCompletionFindsItsFrame() throws {
        let matches = try matches(20) { socket, ledger, frame in
            let isTaken = try socket.send(frame)
            #expect(isTaken)
            ledger.sent(frame)
        }
        #expect(matches == twice(1...20))
    }

    @Test func aSendThatFailsShiftsTheKeys() throws {
        let matches = try matches(10) { socket, ledger, frame in
            guard ledger.next != 4 else {
                let long = [UInt8](repeating: 0, count: 9000)
                var failure: SystemError?
                do throws(SystemError) { _ = try socket.send(long.span) } catch { failure = error }
                #expect(failure?.code == .messageTooLong)
                return ledger.failed()
            }
            let isTaken = try socket.send(frame)
            #expect(isTaken)
            ledger.sent(frame)
        }
        #expect(matches == twice([1, 2, 3, 5, 6, 7, 8, 9, 10]))
    }

    /// With keys where the kernel takes them, and as it counts where not.
    @Test func aSendMayBringItsKey() throws {
        let matches = try matches(10) { socket, ledger, frame in
            let key = ledger.explicitKey(of: ledger.next)
            let isTaken = try socket.send(frame, recording: Self.recording, key: key)
            #expect(isTaken)
            ledger.sent(frame)
        }
        #expect(matches == twice(1...10))
    }

    @Test func aSocketWithoutNumbersTakesNoKeys() throws {
        let hosts = try Namespaces()
        let near = hosts.near
        let takesKeys = try near.inNamespace {
            let socket = try PacketSocket.transmitter(
                on: try NetworkInterface(named: near.interface), timestamping: [.transmitSoftware, .software])
            let frame = [UInt8](repeating: 0xff, count: 60)
            let isTaken = try socket.send(frame.span, recording: .transmitSoftware, key: 5)
            #expect(isTaken)
            return socket.takesKeys
        }
        #expect(!takesKeys)
    }
}
