import Glibc

/// File names as text. The kernel takes any bytes for a name; those of a name that is no UTF-8 stand for themselves as
/// scalars of a block of the last private plane, so that the same file is opened in the end.
package enum FileName {
    private static let block: UInt32 = 0x10_fe00

    /// The text of an argument, which may be a file name.
    package static func text(_ argument: UnsafePointer<CChar>) -> String {
        if let text = unsafe String(validatingCString: argument) { return text }
        var text = String.UnicodeScalarView()
        var next = unsafe argument
        while unsafe next.pointee != 0 {
            let byte = unsafe UInt8(bitPattern: next.pointee)
            let code = byte < 0x80 ? UInt32(byte) : block + UInt32(byte)
            text.append(Unicode.Scalar(code) ?? "\u{fffd}")
            unsafe next += 1
        }
        return String(text)
    }

    /// The byte that a scalar stands for; nil if it is a character.
    package static func byte(_ scalar: Unicode.Scalar) -> UInt8? {
        block + 0x80...block + 0xff ~= scalar.value ? UInt8(truncatingIfNeeded: scalar.value) : nil
    }

    /// The bytes of a name, ended by a NUL.
    static func bytes(_ name: String) -> [CChar] {
        var bytes: [CChar] = []
        for scalar in name.unicodeScalars {
            if let byte = byte(scalar) {
                bytes.append(CChar(bitPattern: byte))
            } else {
                bytes += UTF8.encode(scalar).map { $0.map { CChar(bitPattern: $0) } } ?? []
            }
        }
        return bytes + [0]
    }
}
