import Glibc

/// An Internet address of an interface, and the network on its link.
public struct InternetNetwork: Hashable, Sendable {
    /// The address of this host.
    public let address: IPAddress
    /// The number of leading bits that all hosts of the network share.
    public let prefixLength: Int

    /// Creates a network; a length beyond the address's bits is cut.
    public init(address: IPAddress, prefixLength: Int) {
        self.address = address
        self.prefixLength = min(max(0, prefixLength), address.isVersion4 ? 32 : 128)
    }

    /// Returns whether an address belongs to the network.
    public func contains(_ other: IPAddress) -> Bool {
        switch (address, other) {
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

    /// The bits behind the prefix, in version 4.
    private var rest: UInt32 { prefixLength >= 32 ? 0 : .max >> UInt32(prefixLength) }

    /// 64 bits, the first `length` of which are ones.
    private static func mask(_ length: Int) -> UInt64 { length <= 0 ? 0 : ~0 << UInt64(max(0, 64 - length)) }
}

extension IPAddress {
    /// Tells whether it is of version 4.
    public var isVersion4: Bool { if case .v4 = self { true } else { false } }

    /// Tells whether it is a host's own for itself: 127.0.0.0/8, ::1.
    public var isLoopback: Bool {
        switch self {
        case .v4(let address): address.value >> 24 == 127
        case .v6(let address): address.high == 0 && address.low == 1
        }
    }
}

extension NetworkInterface {
    /// The Internet addresses of the interface with their networks, in the kernel's order. getifaddrs(3)
    ///
    /// - Throws: `SystemError` of getifaddrs(3).
    public func internetNetworks() throws(SystemError) -> [InternetNetwork] {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard unsafe getifaddrs(&list) == 0 else { throw .last("getifaddrs") }
        defer { unsafe freeifaddrs(list) }
        var networks: [InternetNetwork] = []
        var entry = unsafe list
        while let current = unsafe entry?.pointee {
            if let address = unsafe current.ifa_addr, unsafe String(cString: current.ifa_name) == name,
                let internet = unsafe IPAddress(UnsafePointer(address))
            {
                let mask = unsafe current.ifa_netmask.flatMap { unsafe IPAddress(UnsafePointer($0)) }
                networks.append(
                    InternetNetwork(address: internet, prefixLength: mask?.leadingOnes ?? .max))
            }
            unsafe entry = current.ifa_next
        }
        return networks
    }
}

extension IPAddress {
    fileprivate var leadingOnes: Int {
        switch self {
        case .v4(let mask): (~mask.value).leadingZeroBitCount
        case .v6(let mask):
            mask.high == .max ? 64 + (~mask.low).leadingZeroBitCount : (~mask.high).leadingZeroBitCount
        }
    }
}
