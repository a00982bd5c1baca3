internal import CShim
import Glibc

/// A capture file being written, with stamps in nanoseconds; tcpdump(1) and others read it. pcap-savefile(5)
///
///     file header: magic 4 | version 2.4 | zone, accuracy 0 | max length 4 | link type 4
///     frame: seconds 4 | nanoseconds 4 | captured length 4 | length 4 | bytes
///
/// Written here and not by libpcap, whose buffers belong to the C library: a pipe whose reader stalls would hold up the
/// end of the process, and get frames twice.
public struct CaptureOutput: ~Copyable, Sendable {
    let descriptor: Descriptor
    /// The bytes that are not written yet, from `start` on, and the end of each frame among them.
    private var bytes: [UInt8] = []
    private var start = 0
    private var ends: [Int] = []
    /// The frames written whole.
    public private(set) var framesWritten: UInt64 = 0

    private static let maxLength: UInt32 = 0x40000
    private static let ethernet: UInt32 = 1

    /// Creates the file, or truncates it. Waits for the reader of a named pipe.
    ///
    /// - Throws: `SystemError` of open(2).
    public init(path: String) throws(SystemError) {
        descriptor = try Descriptor(opening: path, O_WRONLY | O_CREAT | O_TRUNC)
        // It has no effect on files of a disk.
        _ = cshim_set_nonblocking(descriptor.rawValue)
        for number in [0xa1b2_3c4d, 4 << 16 | 2, 0, 0, Self.maxLength, Self.ethernet] as [UInt32] {
            append(number)
        }
    }

    private mutating func append(_ number: UInt32) {
        unsafe withUnsafeBytes(of: number) { unsafe bytes.append(contentsOf: $0) }
    }

    /// The number of bytes that wait to be written.
    public var pendingCount: Int { bytes.count - start }

    /// Appends a frame, which stays in memory until `flush`.
    ///
    /// - Parameters:
    ///   - time: its stamp, of CLOCK_REALTIME.
    ///   - length: the frame's original length in bytes, if these are not all of its bytes.
    public mutating func append(_ frame: Span<UInt8>, at time: Timestamp, length: Int) {
        let second: Int64 = 1_000_000_000
        append(UInt32(truncatingIfNeeded: time.nanoseconds / second))
        append(UInt32(truncatingIfNeeded: time.nanoseconds % second))
        append(UInt32(frame.count))
        append(UInt32(length))
        unsafe frame.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
        ends.append(bytes.count)
    }

    /// Writes what waits, as far as there is room, and returns whether that was all.
    ///
    /// - Throws: `SystemError` of write(2): ENOSPC on a full disk, `brokenPipe`.
    public mutating func flush() throws(SystemError) -> Bool {
        while start < bytes.count {
            let result = unsafe bytes.withUnsafeBufferPointer { buffer in
                unsafe write(descriptor.rawValue, buffer.baseAddress.map { unsafe $0 + start }, pendingCount)
            }
            if result < 0 {
                let error = SystemError.last("write")
                guard error.code == .wouldBlock || error.code == .interrupted else { throw error }
                if error.code == .wouldBlock { return false }
                continue
            }
            start += result
            let whole = ends.prefix { $0 <= start }.count
            framesWritten += UInt64(whole)
            ends.removeFirst(whole)
        }
        bytes.removeAll(keepingCapacity: true)
        start = 0
        return true
    }
}
