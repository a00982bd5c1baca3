internal import CShim
import Glibc

/// A file that is written from its start. open(2)
package struct OutputFile: ~Copyable, Sendable {
    let descriptor: Descriptor

    /// Creates the file, or truncates it.
    ///
    /// - Throws: `SystemError` of open(2): `accessDenied`, ENOENT if the folder does not exist.
    package init(path: String) throws(SystemError) {
        descriptor = try Descriptor(opening: path, O_WRONLY | O_CREAT | O_TRUNC)
        // It has no effect on files of a disk.
        _ = cshim_set_nonblocking(descriptor.rawValue)
    }

    /// Appends bytes as far as there is room, and returns their number: fewer than all if the reader of a pipe is slow.
    ///
    /// - Throws: `SystemError` of write(2): ENOSPC on a full disk, `brokenPipe`.
    package func write(_ bytes: Span<UInt8>) throws(SystemError) -> Int {
        var written = 0
        while written < bytes.count {
            let result = unsafe bytes.extracting(written...).withUnsafeBufferPointer { buffer in
                unsafe Glibc.write(descriptor.rawValue, buffer.baseAddress, buffer.count)
            }
            if result < 0 {
                let error = SystemError.last("write")
                if error.code == .wouldBlock { return written }
                guard error.code == .interrupted else { throw error }
                continue
            }
            written += result
        }
        return written
    }
}
