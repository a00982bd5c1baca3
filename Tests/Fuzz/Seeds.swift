import AFPacketKit
import Glibc

/// Frames of every shape and messages of every kind to begin with, written to the folder that SEEDS names. libFuzzer
/// calls this before it reads what there is.
@_cdecl("LLVMFuzzerInitialize")
public func writeSeeds(_: UnsafeMutablePointer<CInt>, _: UnsafeMutableRawPointer) -> CInt {
    guard let folder = getenv("SEEDS").map({ String(cString: $0) }) else { return 0 }
    for (index, shape) in shapes.enumerated() {
        for kind in [ProbeMessage.Kind.probe, .request, .reply, .followUp] {
            let message = ProbeMessage(number: 1, kind: kind, session: 2)
            let size = shape.smallestSize(forPayload: ProbeMessage.length(of: kind))
            let frame = ProbeFrame(message, in: shape, size: size).bytes
            write([3] + frame, to: "\(folder)/frame/\(index)-\(kind)")
            write(Array(frame[shape.headerLength...]), to: "\(folder)/message/\(index)-\(kind)")
        }
    }
    return 0
}

private var shapes: [FrameShape] {
    let v4 = UDPFlow(
        source: IPv4Address(0x0a00_0001), sourcePort: 1, destination: IPv4Address(0x0a00_0002),
        destinationPort: 2)
    let v6 = UDPFlow(
        source: IPv6Address(high: 1, low: 1), sourcePort: 1, destination: IPv6Address(high: 1, low: 2),
        destinationPort: 2)
    let carriers: [FrameShape.Carrier] = [.ethernet(.localExperimental1), .udp4(v4), .udp6(v6)]
    return carriers.flatMap { carrier in
        [nil, VLANTag(identifier: 100, priority: 5)].flatMap { tag in
            [PTPHeader.Form.none, .bare, .enclosed].map { ptp in
                var shape = FrameShape(
                    destination: MACAddress(1), source: MACAddress(2), vlan: tag, carrier: carrier,
                    ptp: ptp)
                if ptp != .none, case .ethernet = carrier { shape.carrier = .ethernet(PTPHeader.etherType) }
                return shape
            }
        }
    }
}

private func write(_ bytes: [UInt8], to path: String) {
    guard let file = fopen(path, "w") else { fatalError("\(path) cannot be written") }
    fwrite(bytes, 1, bytes.count, file)
    fclose(file)
}
