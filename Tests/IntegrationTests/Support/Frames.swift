import Foundation

/// Frames made by hand, independently of the code under test.
enum Frames {
    static let near: [UInt8] = [2, 0, 0, 0, 0, 1]
    static let far: [UInt8] = [2, 0, 0, 0, 0, 2]
    static let magic: [UInt8] = [0x93, 0x72, 0xe7, 0x59, 0xc7, 0xb5, 0xaa, 0x73]

    /// A frame to the far host.
    static func ethernet(_ payload: [UInt8], type: [UInt8] = [0x88, 0xb5], from source: [UInt8] = near)
        -> [UInt8]
    {
        far + source + type + payload
    }

    /// The UDP probe of the reference, which computes the checksums that are filled in here.
    static func referenceProbe(number: UInt8) -> [UInt8] {
        datagram(magic + [number, 0, 0, 0, 0, 0, 0, 0])
    }

    /// A UDP datagram to the far host.
    static func datagram(_ payload: [UInt8]) -> [UInt8] {
        let (source, destination): ([UInt8], [UInt8]) = ([10, 77, 0, 1], [10, 77, 0, 2])
        let length = UInt8(payload.count + 8)
        var header: [UInt8] = [0x45, 0, 0, length + 20, 0, 0, 0, 0, 64, 17, 0, 0] + source + destination
        header.replaceSubrange(10..<12, with: checksum(header))
        var datagram: [UInt8] = [0xea, 0x60, 0xee, 0x48, 0, length, 0, 0] + payload
        datagram.replaceSubrange(6..<8, with: checksum(source + destination + [0, 17, 0, length] + datagram))
        return ethernet(header + datagram, type: [8, 0])
    }

    /// The reply to a captured request: addresses swapped, the kind changed, the check value made anew.
    ///
    /// - Parameter stamps: nanoseconds by their bit in the message.
    static func reply(
        to request: [UInt8], number: UInt8? = nil, ofOtherSession isOther: Bool = false, kind: UInt8 = 3,
        version: UInt8 = 1,
        stamps: [Int: UInt16] = [:]
    ) -> [UInt8] {
        var message = Array(request[14..<150])
        message[20] = version
        message[21] = kind
        for (bit, nanoseconds) in stamps {
            message[64 + 8 * bit] = UInt8(nanoseconds & 0xff)
            message[65 + 8 * bit] = UInt8(nanoseconds >> 8)
            message[132] |= 1 << UInt8(bit)
        }
        if let number { message[8] = number }
        if isOther { message[32] ^= 1 }
        message.replaceSubrange(24..<26, with: [0, 0])
        message.replaceSubrange(24..<26, with: checksum(message))
        return near + far + [0x88, 0xb5] + message
    }

    static func checksum(_ bytes: [UInt8]) -> [UInt8] {
        var sum = 0
        for (index, byte) in bytes.enumerated() { sum += index % 2 == 0 ? Int(byte) << 8 : Int(byte) }
        while sum > 0xffff { sum = (sum & 0xffff) + (sum >> 16) }
        return [UInt8(~sum >> 8 & 0xff), UInt8(~sum & 0xff)]
    }

    /// The bytes in what `tcpdump -xx` prints.
    static func bytes(ofDump text: String) -> [UInt8] {
        text.split(separator: "\n").filter { $0.contains("0x") && $0.contains(":  ") }
            .flatMap { line in line.split(separator: " ").dropFirst().joined().filter(\.isHexDigit) }
            .chunked(2).compactMap { UInt8(String($0), radix: 16) }
    }
}

extension Array {
    fileprivate func chunked(_ size: Int) -> [ArraySlice<Element>] {
        stride(from: 0, to: count, by: size).map { self[$0..<Swift.min($0 + size, count)] }
    }
}
