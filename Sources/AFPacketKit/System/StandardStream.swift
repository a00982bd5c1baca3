internal import CShim
import Glibc

/// One of the process's standard streams, written with write(2) and never buffered.
package enum StandardStream: CInt, Sendable {
    /// Data: descriptor 1.
    case output = 1
    /// Diagnostics: descriptor 2.
    case error = 2

    /// Opens the null device for each standard stream that was closed at the start of the program: the next file
    /// opened would otherwise get its number, and the stream's output. Must be called first.
    ///
    /// A closed standard output is opened for reading only, so that writing to it still fails.
    package static func reserve() {
        for (descriptor, flags) in [(CInt(0), O_RDONLY), (1, O_RDONLY), (2, O_WRONLY)]
        where !cshim_is_open(descriptor) {
            _ = unsafe open("/dev/null", flags)  // takes the lowest free number
        }
    }

    /// The max size in bytes of a write that is never mixed with other programs' writes: PIPE_BUF for a pipe; nil if
    /// there is no such limit. pipe(7)
    package var atomicWriteSize: Int? {
        var status = stat()
        guard unsafe fstat(rawValue, &status) == 0, status.st_mode & S_IFMT == S_IFIFO else { return nil }
        return 4096
    }

    /// Tells whether it is a terminal. isatty(3)
    package var isTerminal: Bool { isatty(rawValue) == 1 }

    /// Writes all the bytes, waiting if a non-blocking stream has no room.
    ///
    /// - Throws: `SystemError` of write(2): `brokenPipe` when the reader has gone (SIGPIPE being ignored), ENOSPC on a
    ///   full disk.
    package func write(_ bytes: Span<UInt8>) throws(SystemError) { try writeAll(bytes, to: rawValue) }
}

/// Writes all the bytes to an open descriptor, waiting if a non-blocking one has no room. write(2)
func writeAll(_ bytes: Span<UInt8>, to descriptor: CInt) throws(SystemError) {
    var written = 0
    while written < bytes.count {
        let result = unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe Glibc.write(
                descriptor, buffer.baseAddress.map { unsafe $0 + written }, buffer.count - written)
        }
        if result >= 0 {
            written += result
            continue
        }
        let error = SystemError.last("write")
        switch error.code {
        case .interrupted: continue
        case .wouldBlock:
            var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            _ = unsafe cshim_ppoll(&entry, 1, -1)
        default: throw error
        }
    }
}
