import Glibc

/// An IPv4 address. RFC 791
public struct IPv4Address: Hashable, Sendable {
    /// The address as a number, the first octet in the highest bits.
    public let value: UInt32

    /// Creates an address from its number.
    public init(_ value: UInt32) { self.value = value }

    /// Tells whether it is a multicast address (224.0.0.0/4) or the broadcast address 255.255.255.255.
    public var isGroup: Bool { value >> 28 == 0xe || value == .max }
}

/// An IPv6 address. RFC 4291
public struct IPv6Address: Hashable, Sendable {
    /// The first eight octets, the first in the highest bits.
    public let high: UInt64
    /// The last eight octets.
    public let low: UInt64

    /// Creates an address from its two halves.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Tells whether it is a multicast address (ff00::/8).
    public var isGroup: Bool { high >> 56 == 0xff }

    /// Tells whether it is valid on one link only (fe80::/10).
    public var isLinkLocal: Bool { high >> 54 == 0xfe80 >> 6 }
}

/// An Internet address of either version.
public enum IPAddress: Hashable, Sendable {
    /// Version 4.
    case v4(IPv4Address)
    /// Version 6.
    case v6(IPv6Address)

    /// Tells whether it can address more than one host.
    public var isGroup: Bool {
        switch self {
        case .v4(let address): address.isGroup
        case .v6(let address): address.isGroup
        }
    }

    /// Tells whether it is an IPv6 address that is valid on one link only (fe80::/10).
    public var isLinkLocal: Bool {
        if case .v6(let address) = self { address.isLinkLocal } else { false }
    }

    /// Tells whether it is of a network that the Internet does not reach: loopback, link-local, private (RFC 1918, RFC
    /// 4193), shared (RFC 6598), for tests (RFC 2544) or for documentation (RFC 5737, RFC 3849).
    public var isPrivate: Bool {
        switch self {
        case .v4(let address):
            [
                (0x7f00_0000, 8), (0x0a00_0000, 8), (0xac10_0000, 12), (0xc0a8_0000, 16), (0xa9fe_0000, 16),
                (0x6440_0000, 10), (0xc612_0000, 15), (0xc000_0200, 24), (0xc633_6400, 24), (0xcb00_7100, 24),
            ].contains { (network: UInt32, length: UInt32) in
                address.value >> (32 - length) == network >> (32 - length)
            }
        case .v6(let address):
            address.isLinkLocal || address.high >> 57 == 0xfc >> 1 || address.high >> 32 == 0x2001_0db8
                || address.high == 0 && address.low == 1
        }
    }

    /// Tells whether it addresses one host: neither a group nor the unspecified address.
    public var isHost: Bool {
        switch self {
        case .v4(let address): !address.isGroup && address.value != 0
        case .v6(let address): !address.isGroup && (address.high != 0 || address.low != 0)
        }
    }

    init?(_ address: UnsafePointer<sockaddr>) {
        switch unsafe CInt(address.pointee.sa_family) {
        case AF_INET:
            let inner = unsafe address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                unsafe $0.pointee.sin_addr
            }
            self = .v4(IPv4Address(UInt32(bigEndian: inner.s_addr)))
        case AF_INET6:
            let inner = unsafe address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                unsafe $0.pointee.sin6_addr
            }
            self = .v6(IPv6Address(inner))
        default:
            return nil
        }
    }
}

extension IPv6Address {
    fileprivate init(_ address: in6_addr) {
        let halves = unsafe withUnsafeBytes(of: address) { bytes in
            unsafe (
                bytes.loadUnaligned(as: UInt64.self), bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
            )
        }
        self.init(high: UInt64(bigEndian: halves.0), low: UInt64(bigEndian: halves.1))
    }

    var inAddress: in6_addr {
        var address = in6_addr()
        unsafe withUnsafeMutableBytes(of: &address) { bytes in
            unsafe bytes.storeBytes(of: high.bigEndian, as: UInt64.self)
            unsafe bytes.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
        }
        return address
    }
}

extension IPAddress: LosslessStringConvertible {
    /// Parses dotted decimal or the text forms of RFC 4291, without a zone. inet_pton(3)
    public init?(_ text: String) {
        var v4 = in_addr()
        var v6 = in6_addr()
        if unsafe inet_pton(AF_INET, text, &v4) == 1 {
            self = .v4(IPv4Address(UInt32(bigEndian: v4.s_addr)))
        } else if unsafe inet_pton(AF_INET6, text, &v6) == 1 {
            self = .v6(IPv6Address(v6))
        } else {
            return nil
        }
    }

    /// The usual text form; RFC 5952 for version 6. inet_ntop(3)
    public var description: String {
        let capacity = Int(INET6_ADDRSTRLEN)
        return unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: capacity) { buffer in
            let result: UnsafePointer<CChar>?
            switch self {
            case .v4(let address):
                var inner = in_addr(s_addr: address.value.bigEndian)
                unsafe result = inet_ntop(AF_INET, &inner, buffer.baseAddress, socklen_t(capacity))
            case .v6(let address):
                var inner = address.inAddress
                unsafe result = inet_ntop(AF_INET6, &inner, buffer.baseAddress, socklen_t(capacity))
            }
            return unsafe result.map { unsafe String(cString: $0) } ?? ""
        }
    }
}
