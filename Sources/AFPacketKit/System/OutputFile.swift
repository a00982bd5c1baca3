import Glibc

/// A file that is written from its start. open(2)
package struct OutputFile: ~Copyable, Sendable {
    private let descriptor: Descriptor

    /// Creates the file, or truncates it.
    ///
    /// - Throws: `SystemError` of open(2): `accessDenied`, ENOENT if the folder does not exist.
    package init(path: String) throws(SystemError) {
        descriptor = try Descriptor(opening: path, O_WRONLY | O_CREAT | O_TRUNC)
    }

    /// Appends all the bytes.
    ///
    /// - Throws: `SystemError` of write(2): ENOSPC on a full disk.
    package func write(_ bytes: Span<UInt8>) throws(SystemError) {
        try writeAll(bytes, to: descriptor.rawValue)
    }
}
