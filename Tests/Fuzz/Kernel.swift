import Glibc

@testable import AFPacketKit

/// The control messages of recvmsg(2).
func fuzzControl(_ bytes: Span<UInt8>) {
    var ancillary = Ancillary()
    ancillary.read(bytes)
}

/// A block of a TPACKET_V3 ring: every frame is within it, and behind the one before.
func fuzzRing(_ bytes: Span<UInt8>) {
    var walk = RingWalk(through: bytes)
    var end = 0
    while let frame = walk.next(in: bytes) {
        precondition(frame.bytes.lowerBound >= end, "a frame is in the one before")
        precondition(frame.bytes.upperBound <= bytes.count, "a frame is not in the block")
        _ = bytes.value(at: Int(frame.headersOffset), as: FrameHeaders.self).ancillary
        end = frame.bytes.upperBound
    }
    precondition(walk.framesLeft == 0, "the block is not given back")
}

/// A datagram of netlink, whose first byte says how the request is answered; each answer is read as every kind.
func fuzzNetlink(_ bytes: Span<UInt8>) {
    guard bytes.count > 0 else { return }
    let kinds: [NetlinkRequest.Kind] = [.get, .set, .dump]
    let exchange = NetlinkExchange(operation: "FUZZ", kind: kinds[Int(bytes[0]) % 3], sequence: 1)
    _ = try? exchange.read(bytes.extracting(1..<bytes.count), fuzzAttributes)
}

/// The attributes of an answer.
func fuzzAttributes(_ bytes: Span<UInt8>) {
    _ = GenericNetlink.Family(attributes: bytes)
    _ = TimestampingCapabilities(attributes: bytes)
    _ = HardwareTimestampingSetting(attributes: bytes)
    _ = virtualClocks(attributes: bytes)
    _ = queueingDisciplineKind(in: bytes, of: 1)
    _ = LinkInformation(message: bytes)
    _ = InterfaceAddress(message: bytes, of: 1)
    _ = Route(message: bytes)
    _ = neighbourAddress(in: bytes, of: .v4(IPv4Address(0)), on: 1)
    if let socket = AbstractSocket.Listed(message: bytes) { _ = LeaseClaim(name: socket.name, index: 1) }
    bytes.forEachAttribute { _, payload in
        _ = payload.netlinkString
        _ = payload.ethtoolChoice
    }
}
