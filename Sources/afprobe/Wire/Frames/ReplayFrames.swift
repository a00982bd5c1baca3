import AFPacketKit

/// The frames of a capture to be replayed, numbered from 1.
struct ReplayFrames {
    private var bytes: [UInt8] = []
    /// The end of each frame in `bytes`.
    private var ends: [Int] = []
    /// The capture time of each, in nanoseconds after the first; never before its predecessor's.
    private(set) var times: [Int64] = []
    /// Frames that were not captured whole, or are too short for Ethernet, and are left out.
    private(set) var leftOut: UInt64 = 0
    private(set) var maxLength = 0

    /// The maximum, so that a large capture does not exhaust the memory.
    static let maxBytes = 256 << 20

    var count: UInt64 { UInt64(ends.count) }

    /// The minimum of a frame: its addresses and its type.
    private static let headerLength = 14

    /// Adds a frame; false if there is no room left.
    mutating func add(_ frame: borrowing CaptureInput.Frame) -> Bool {
        guard frame.bytes.count == frame.length, frame.length >= Self.headerLength else {
            leftOut += 1
            return true
        }
        guard bytes.count + frame.length <= Self.maxBytes else { return false }
        for index in 0..<frame.bytes.count { bytes.append(frame.bytes[index]) }
        ends.append(bytes.count)
        maxLength = max(maxLength, frame.length)
        let origin = first ?? frame.time
        first = origin
        times.append(max(frame.time - origin, times.last ?? 0))
        return true
    }

    private var first: Timestamp?

    @_lifetime(borrow self)
    func frame(_ number: UInt64) -> Span<UInt8> {
        let index = Int(number - 1)
        let start = index == 0 ? 0 : ends[index - 1]
        return bytes.span.extracting(start..<ends[index])
    }

    /// Returns whether an interface takes a frame: one with a VLAN tag may be longer by the tag. packet(7), `EMSGSIZE`
    func fits(frame number: UInt64, mtu: Int) -> Bool {
        let tag = frame(number).bigEndian16(at: 12) == EtherType.vlan.rawValue ? 4 : 0
        return frame(number).count <= mtu + Self.headerLength + tag
    }

    /// The addresses and the VLAN of a frame.
    func shape(_ number: UInt64) -> FrameShape {
        let sent = frame(number)
        let type = EtherType(rawValue: sent.bigEndian16(at: 12))
        var shape = FrameShape(
            destination: sent.macAddress(at: 0), source: sent.macAddress(at: 6), carrier: .ethernet(type))
        if type == .vlan || type == .serviceVLAN, sent.count >= 18 {
            shape.vlan = VLANTag(
                controlInformation: sent.bigEndian16(at: 14), protocolIdentifier: type)
        }
        return shape
    }
}
