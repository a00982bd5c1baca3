internal import CShim
import Glibc

/// A file of Ethernet frames being read: pcap or pcapng.
@safe public struct CaptureInput: ~Copyable {
    private let handle: OpaquePointer

    /// A frame in the file.
    public struct Frame: ~Escapable {
        /// The captured bytes.
        public let bytes: Span<UInt8>
        /// The original length in bytes.
        public let length: Int
        /// The stamp in the file.
        public let time: Timestamp

        @_lifetime(copy bytes)
        init(bytes: Span<UInt8>, length: Int, time: Timestamp) {
            self.bytes = bytes
            self.length = length
            self.time = time
        }
    }

    /// Opens a file; "-" is standard input. Loads libpcap.
    ///
    /// - Throws: `PcapError`: `unreadable` if it cannot be opened, `rejected` if it is not a capture file or not of
    ///   Ethernet frames.
    public init(path: String) throws(PcapError) {
        var handle: OpaquePointer?
        let descriptor = try Self.open(path)
        _ = try unsafe PcapError.check {
            unsafe cshim_capture_open(cshim_duplicate(descriptor.rawValue), &handle, $0, $1)
        }
        guard let handle = unsafe handle else { throw .rejected(reason: "no file") }
        unsafe self.handle = handle
    }

    /// Opens the file here, so that libpcap needs no capability.
    private static func open(_ path: String) throws(PcapError) -> Descriptor {
        do throws(SystemError) {
            guard path == "-" else { return try Descriptor(opening: path, O_RDONLY) }
            return try Descriptor("dup", cshim_duplicate(0))
        } catch {
            throw .unreadable(reason: "\(error.code)")
        }
    }

    deinit { unsafe cshim_capture_close(handle) }

    /// Reads the next frame and passes it to `body`.
    ///
    /// - Returns: false at the end of the file.
    /// - Throws: `PcapError.rejected` if the file is damaged.
    public mutating func next(_ body: (borrowing Frame) -> Void) throws(PcapError) -> Bool {
        var (nanoseconds, length, captured): (Int64, UInt32, UInt32) = (0, 0, 0)
        var bytes: UnsafePointer<UInt8>?
        var reason: UnsafePointer<CChar>?
        let result = unsafe cshim_capture_next(handle, &nanoseconds, &length, &captured, &bytes, &reason)
        guard result >= 0 else {
            throw unsafe .rejected(reason: reason.map { unsafe String(cString: $0) } ?? "damaged")
        }
        guard result > 0, let bytes = unsafe bytes else { return false }
        let span = unsafe Span(_unsafeStart: bytes, count: Int(captured))
        body(Frame(bytes: span, length: Int(length), time: Timestamp(nanoseconds: nanoseconds)))
        return true
    }
}
