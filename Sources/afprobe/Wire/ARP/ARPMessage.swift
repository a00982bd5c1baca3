import AFPacketKit

// ARP over Ethernet, for IPv4. RFC 826
//
//     0     2   hardware type, 1
//     2     2   protocol type, 0x0800
//     4     2   lengths of the addresses, 6 and 4
//     6     2   operation: request 1, reply 2
//     8     6   sender's MAC address
//    14     4   sender's IPv4 address
//    18     6   target's MAC address; zero in a request
//    24     4   target's IPv4 address

/// A request for the MAC address of an IPv4 address, or its answer.
struct ARPMessage: Equatable {
    enum Operation: UInt16 {
        case request = 1
        case reply
    }

    var operation: Operation
    var sender: MACAddress
    var senderAddress: IPv4Address
    var target: MACAddress
    var targetAddress: IPv4Address

    static let length = 28
    static let etherType = EtherType(rawValue: 0x0806)

    @_lifetime(frame: copy frame)
    func encode(into frame: inout MutableSpan<UInt8>, at start: Int) {
        frame.storeBigEndian(1 as UInt16, at: start)
        frame.storeBigEndian(EtherType.ipv4.rawValue, at: start + 2)
        frame.storeBigEndian(0x0604 as UInt16, at: start + 4)
        frame.storeBigEndian(operation.rawValue, at: start + 6)
        frame.store(sender, at: start + 8)
        frame.storeBigEndian(senderAddress.value, at: start + 14)
        frame.store(target, at: start + 18)
        frame.storeBigEndian(targetAddress.value, at: start + 24)
    }

    /// Reads a message; nil if it is none of ARP for IPv4 over Ethernet.
    init?(decoding message: Span<UInt8>) {
        guard message.count >= Self.length, message.bigEndian16(at: 0) == 1,
            message.bigEndian16(at: 2) == EtherType.ipv4.rawValue, message.bigEndian16(at: 4) == 0x0604,
            let operation = Operation(rawValue: message.bigEndian16(at: 6))
        else { return nil }
        self.init(
            operation: operation, sender: message.macAddress(at: 8),
            senderAddress: IPv4Address(message.bigEndian32(at: 14)), target: message.macAddress(at: 18),
            targetAddress: IPv4Address(message.bigEndian32(at: 24)))
    }

    init(
        operation: Operation, sender: MACAddress, senderAddress: IPv4Address, target: MACAddress,
        targetAddress: IPv4Address
    ) {
        (self.operation, self.sender, self.senderAddress) = (operation, sender, senderAddress)
        (self.target, self.targetAddress) = (target, targetAddress)
    }
}
