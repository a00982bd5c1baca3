import AFPacketKit

// Addresses in frames.

extension Span<UInt8> {
    /// Two bytes more must follow it.
    func macAddress(at offset: Int) -> MACAddress { MACAddress(bigEndian64(at: offset) >> 16) }

    func ipv6Address(at offset: Int) -> IPv6Address {
        IPv6Address(high: bigEndian64(at: offset), low: bigEndian64(at: offset + 8))
    }
}

extension MutableSpan<UInt8> {
    @_lifetime(self: copy self)
    mutating func store(_ address: MACAddress, at offset: Int) {
        storeBigEndian(UInt16(truncatingIfNeeded: address.value >> 32), at: offset)
        storeBigEndian(UInt32(truncatingIfNeeded: address.value), at: offset + 2)
    }

    @_lifetime(self: copy self)
    mutating func store(_ address: IPv6Address, at offset: Int) {
        storeBigEndian(address.high, at: offset)
        storeBigEndian(address.low, at: offset + 8)
    }
}
