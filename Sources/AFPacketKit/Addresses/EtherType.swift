/// The type of an Ethernet frame's payload. IEEE 802.3, assigned by the IEEE
public struct EtherType: RawRepresentable, Hashable, Sendable {
    /// The number, 0x0600 and above; smaller numbers are lengths.
    public let rawValue: UInt16

    /// Creates a type from its number, unchecked.
    @inlinable
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// Internet Protocol version 4.
    public static var ipv4: EtherType { EtherType(rawValue: 0x0800) }
    /// Internet Protocol version 6.
    public static var ipv6: EtherType { EtherType(rawValue: 0x86dd) }
    /// The type of a VLAN tag. IEEE 802.1Q
    @inlinable
    public static var vlan: EtherType { EtherType(rawValue: 0x8100) }
    /// The type of a service tag. IEEE 802.1ad
    public static var serviceVLAN: EtherType { EtherType(rawValue: 0x88a8) }
    /// Local experimental EtherType 1, not assigned to any protocol. IEEE 802 clause 9.2.3
    public static var localExperimental1: EtherType { EtherType(rawValue: 0x88b5) }

    /// The smallest number that is a type and not a length.
    public static var lowest: UInt16 { 0x0600 }
}

extension EtherType: CustomStringConvertible {
    /// The number in hexadecimal, such as `0x88b5`.
    public var description: String {
        let digits = String(rawValue, radix: 16)
        return "0x" + String(repeating: "0", count: 4 - digits.count) + digits
    }
}

/// A VLAN tag. IEEE 802.1Q
public struct VLANTag: Hashable, Sendable {
    /// Tag Control Information: priority (3 bits), drop eligible (1), VLAN identifier (12).
    public let controlInformation: UInt16

    /// The EtherType that announces the tag: 0x8100, or 0x88a8 for a service tag.
    public let protocolIdentifier: EtherType

    /// Creates a tag from its fields on the wire.
    @inlinable
    public init(controlInformation: UInt16, protocolIdentifier: EtherType = .vlan) {
        self.controlInformation = controlInformation
        self.protocolIdentifier = protocolIdentifier
    }

    /// Creates a tag for a VLAN and a priority; nil if `identifier` is not within 0…4094 or `priority` not within 0…7.
    /// VLAN 0 carries a priority alone; 4095 is reserved.
    public init?(identifier: UInt16, priority: UInt8 = 0) {
        guard identifier <= 4094, priority <= 7 else { return nil }
        self.init(controlInformation: UInt16(priority) << 13 | identifier)
    }

    /// The VLAN's identifier, 0…4095.
    public var identifier: UInt16 { controlInformation & 0x0fff }

    /// The Priority Code Point, 0…7.
    public var priority: UInt8 { UInt8(controlInformation >> 13) }
}
