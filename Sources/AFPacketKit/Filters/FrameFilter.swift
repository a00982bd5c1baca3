internal import CShim

extension SocketFilter {
    /// The filter, and no copies of frames that this host sends. They would come where PACKET_IGNORE_OUTGOING is not
    /// known, and in a fan-out group, whose own hook in the kernel it does not reach.
    var ofIncoming: SocketFilter {
        var program = FilterAssembly()
        program.reject(packetsOf: UInt32(PACKET_OUTGOING))
        return program.finish().and(self)
    }

    /// Accepts packets from one host, on a socket over IP.
    static func packets(from host: IPAddress) -> SocketFilter {
        var program = FilterAssembly()
        switch host {
        case .v4(let address): program.require(networkWordAt: 12, equals: address.value)
        case .v6(let address):
            for (index, half) in [address.high, address.low].enumerated() {
                let offset = UInt32(8 + 8 * index)
                program.require(networkWordAt: offset, equals: UInt32(half >> 32))
                program.require(networkWordAt: offset + 4, equals: UInt32(truncatingIfNeeded: half))
            }
        }
        return program.finish()
    }

    /// Accepts Ethernet frames of one type that are addressed to one of `destinations`, in any VLAN: the kernel takes
    /// the tag out before the program runs.
    public static func frames(of type: EtherType, to destinations: [MACAddress]) -> SocketFilter {
        var program = FilterAssembly()
        program.require(halfAt: 12, equals: type.rawValue)
        program.requireDestination(among: destinations)
        return program.finish()
    }

    /// Accepts frames that hold these bytes at an offset. The offset does not count the VLAN tag.
    public static func frames(with bytes: [UInt8], at offset: Int) -> SocketFilter {
        var program = FilterAssembly()
        for (index, byte) in bytes.enumerated() {
            program.require(byteAt: UInt32(offset + index), equals: byte)
        }
        return program.finish()
    }

    /// Accepts frames that hold another byte at an offset, which does not count the VLAN tag. Shorter frames are
    /// rejected.
    public static func frames(without byte: UInt8, at offset: Int) -> SocketFilter {
        var program = FilterAssembly()
        program.reject(byteAt: UInt32(offset), equals: byte)
        return program.finish()
    }

    /// Accepts unfragmented UDP datagrams to one port, over IPv4 and over IPv6 without extension headers,
    /// in frames addressed to one of `destinations`.
    public static func datagrams(to port: UInt16, destinations: [MACAddress]) -> SocketFilter {
        var program = FilterAssembly()
        program.requireDestination(among: destinations)
        program.load(halfAt: 12)
        let v6 = program.branch(unlessEquals: UInt32(EtherType.ipv4.rawValue))
        program.require(byteAt: 23, equals: FilterAssembly.udp)
        program.require(halfAt: 20, hasNoneOf: 0x3fff)  // neither a fragment's offset nor more fragments
        program.loadHeaderLength(at: 14)
        program.require(indexedHalfAt: 16, equals: port)
        program.accept()
        program.land(v6)
        program.require(halfAt: 12, equals: EtherType.ipv6.rawValue)
        program.require(byteAt: 20, equals: FilterAssembly.udp)
        program.require(halfAt: 56, equals: port)
        return program.finish()
    }
}
