// Attributes of netlink messages: parsed from plain bytes with bounds checks, and written. struct nlattr,
// Documentation/userspace-api/netlink/intro.rst in the kernel's sources

/// The size of a length and a type, two bytes each in this machine's order, before an attribute's payload.
private let headerSize = 4
/// Two bits of the type describe the payload. NLA_F_NESTED, NLA_F_NET_BYTEORDER
private let nestedFlag: UInt16 = 1 << 15
private let typeMask: UInt16 = 0x3fff

/// Attributes and messages start at multiples of four bytes. NLA_ALIGN, NLMSG_ALIGN
func netlinkAligned(_ length: Int) -> Int { (length + 3) & ~3 }

extension Span<UInt8> {
    /// Calls `body` with the type and the payload of each attribute. Stops at an attribute that is shorter than its
    /// header or exceeds the bytes.
    func forEachAttribute(_ body: (_ type: Int, _ payload: Span<UInt8>) -> Void) {
        var start = 0
        while let length = load(UInt16.self, at: start).map(Int.init),
            let type = load(UInt16.self, at: start + 2)
        {
            guard length >= headerSize, length <= count - start else { return }
            body(Int(type & typeMask), extracting(start + headerSize..<start + length))
            start += netlinkAligned(length)
        }
    }

    /// The payload as an unsigned integer of any size that the kernel writes; nil if it has another size. NLA_U32,
    /// NLA_U64, NLA_UINT
    var netlinkInteger: UInt64? {
        switch count {
        case 4: load(UInt32.self, at: 0).map(UInt64.init)
        case 8: load(UInt64.self, at: 0)
        default: nil
        }
    }

    /// The payload as a text, up to its NUL or its end. NLA_STRING, NLA_NUL_STRING
    var netlinkString: String {
        unsafe withUnsafeBytes { unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}

/// A builder of attributes.
struct NetlinkAttributes {
    private(set) var bytes: [UInt8] = []

    /// Adds a number. NLA_U32
    mutating func add(_ type: Int, _ number: UInt32) {
        unsafe add(UInt16(type), payload: withUnsafeBytes(of: number) { unsafe Array($0) })
    }

    /// Adds a text and its NUL. NLA_NUL_STRING
    mutating func add(_ type: Int, _ text: String) {
        add(UInt16(type), payload: text.utf8 + [0])
    }

    /// Adds bytes with a structure of their own. NLA_BINARY
    mutating func add(_ type: Int, bytes: [UInt8]) { add(UInt16(type), payload: bytes) }

    /// Adds an attribute without a payload: a flag. NLA_FLAG
    mutating func add(_ type: Int) {
        add(UInt16(type), payload: [])
    }

    /// Adds attributes inside an attribute. NLA_NESTED
    mutating func add(_ type: Int, nested build: (inout NetlinkAttributes) -> Void) {
        var inner = NetlinkAttributes()
        build(&inner)
        add(UInt16(type) | nestedFlag, payload: inner.bytes)
    }

    private mutating func add(_ type: UInt16, payload: [UInt8]) {
        unsafe withUnsafeBytes(of: UInt16(headerSize + payload.count)) { unsafe bytes += $0 }
        unsafe withUnsafeBytes(of: type) { unsafe bytes += $0 }
        bytes += payload
        bytes += repeatElement(0, count: netlinkAligned(payload.count) - payload.count)
    }
}
