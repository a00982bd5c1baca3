/// The addresses of one link that begin alike.
public struct InternetNetwork: Hashable, Sendable {
    /// An address of the network.
    public let base: IPAddress
    /// The number of leading bits that all its addresses share.
    public let prefixLength: Int

    /// Creates a network; a length beyond the address's bits is cut.
    public init(_ base: IPAddress, prefixLength: Int) {
        self.base = base
        self.prefixLength = min(max(0, prefixLength), base.isVersion4 ? 32 : 128)
    }

    /// Returns whether an address belongs to the network.
    public func contains(_ other: IPAddress) -> Bool {
        switch (base, other) {
        case (.v4(let own), .v4(let other)): return own.value & ~rest == other.value & ~rest
        case (.v6(let own), .v6(let other)):
            let high = Self.mask(prefixLength)
            let low = Self.mask(prefixLength - 64)
            return own.high & high == other.high & high && own.low & low == other.low & low
        default: return false
        }
    }

    /// Returns whether an address is the network's own, with only zeros behind the prefix, or its broadcast address.
    /// RFC 1122, section 3.2.1.3
    public func isBroadcast(_ other: IPAddress) -> Bool {
        // Networks of two hosts or one have none. RFC 3021
        guard case .v4(let address) = other, contains(other), prefixLength < 31 else { return false }
        return address.value & rest == 0 || address.value & rest == rest
    }

    /// Returns whether an address stands for the network: it has only zeros behind the prefix, which no host's has.
    public func isNamed(by other: IPAddress) -> Bool {
        guard contains(other) else { return false }
        switch other {
        case .v4(let address): return prefixLength < 31 && address.value & rest == 0
        case .v6(let address):
            return prefixLength < 127 && address.high & ~Self.mask(prefixLength) == 0
                && address.low & ~Self.mask(prefixLength - 64) == 0
        }
    }

    /// The bits behind the prefix, in version 4.
    private var rest: UInt32 { prefixLength >= 32 ? 0 : .max >> UInt32(prefixLength) }

    /// 64 bits, the first `length` of which are ones.
    private static func mask(_ length: Int) -> UInt64 { length <= 0 ? 0 : ~0 << UInt64(max(0, 64 - length)) }
}

extension IPAddress {
    /// Tells whether it is of version 4.
    public var isVersion4: Bool { if case .v4 = self { true } else { false } }

    /// Tells whether a host may have it in a network: it is none of loopback, of a group, for no host (0.0.0.0/8, ::),
    /// reserved (240.0.0.0/4), or of version 4 written as version 6 (::ffff:0:0/96). RFC 6890
    public var isOfNetworkHost: Bool {
        guard isHost, !isLoopback else { return false }
        return switch self {
        case .v4(let address): address.value >> 24 != 0 && address.value >> 28 != 0xf
        case .v6(let address): address.high != 0 || address.low >> 32 != 0xffff
        }
    }

    /// Tells whether it is a host's own for itself: 127.0.0.0/8, ::1.
    public var isLoopback: Bool {
        switch self {
        case .v4(let address): address.value >> 24 == 127
        case .v6(let address): address.high == 0 && address.low == 1
        }
    }
}
