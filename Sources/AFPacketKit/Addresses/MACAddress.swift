/// An Ethernet address (EUI-48). IEEE 802
public struct MACAddress: Hashable, Sendable {
    /// The six octets in the low 48 bits, the first transmitted octet highest.
    public let value: UInt64

    /// Creates an address from the low 48 bits of `value`.
    public init(_ value: UInt64) { self.value = value & 0xffff_ffff_ffff }

    /// ff:ff:ff:ff:ff:ff, every station.
    public static let broadcast = MACAddress(0xffff_ffff_ffff)

    /// 00:00:00:00:00:00, which no station has.
    public static let zero = MACAddress(0)

    /// Tells whether it is a group address (multicast or broadcast): the lowest bit of the first octet.
    public var isGroup: Bool { value & 0x0100_0000_0000 != 0 }

    /// The octet at `index` (0 to 5), in the order of transmission.
    public subscript(index: Int) -> UInt8 {
        precondition((0..<6).contains(index), "a MAC address has 6 octets")
        return UInt8(truncatingIfNeeded: value >> UInt64(8 * (5 - index)))
    }
}

extension MACAddress: LosslessStringConvertible {
    /// Parses six octets of one or two hexadecimal digits, separated by colons or by hyphens.
    public init?(_ text: String) {
        let bytes = text.utf8
        guard let separator = bytes.first(where: { $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "-") })
        else {
            return nil
        }
        let octets = bytes.split(separator: separator, omittingEmptySubsequences: false)
        guard octets.count == 6 else { return nil }
        var value: UInt64 = 0
        for octet in octets {
            guard (1...2).contains(octet.count) else { return nil }
            for digit in octet {
                guard let nibble = hexadecimalValue(digit) else { return nil }
                value = value << 4 | nibble
            }
            if octet.count == 1 {
                // One digit stands for two: 2:0:… is 02:00:…
                let low = value & 0xf
                value = (value >> 4) << 8 | low
            }
        }
        self.init(value)
    }

    /// Parses also the forms 0242.acc8.0161, 0242-acc8-0161, 0242ac-c80161 and 0242acc80161 of some vendors' devices.
    public init?(anyFormOf text: String) {
        if let address = MACAddress(text) {
            self = address
            return
        }
        let separator = text.utf8.first { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
        let groups = text.utf8.split(
            separator: separator ?? UInt8(ascii: "."), omittingEmptySubsequences: false)
        let isPair = groups.count == 2 && separator == UInt8(ascii: "-")
        guard groups.count == 1 || isPair || groups.count == 3,
            groups.allSatisfy({ $0.count * groups.count == 12 })
        else { return nil }
        var value: UInt64 = 0
        for digit in groups.joined() {
            guard let nibble = hexadecimalValue(digit) else { return nil }
            value = value << 4 | nibble
        }
        self.init(value)
    }

    /// Lower case, with colons: `02:42:ac:c8:01:61`.
    public var description: String {
        var text = ""
        for index in 0..<6 {
            if index > 0 { text.append(":") }
            text.append(hexadecimalDigit(self[index] >> 4))
            text.append(hexadecimalDigit(self[index] & 0xf))
        }
        return text
    }
}

func hexadecimalValue(_ digit: UInt8) -> UInt64? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(digit - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(digit - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt64(digit - UInt8(ascii: "A") + 10)
    default: nil
    }
}

private func hexadecimalDigit(_ value: UInt8) -> Character {
    Character(Unicode.Scalar(value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10))
}
