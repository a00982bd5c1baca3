internal import CShim

/// A failure of libpcap.
public enum PcapError: Error, Hashable, Sendable {
    /// The library is not installed; with the dynamic loader's reason.
    case libraryMissing(reason: String)
    /// The file cannot be opened; with the kernel's reason.
    case unreadable(reason: String)
    /// The request or the file is invalid; with libpcap's reason.
    case rejected(reason: String)
    /// The filter is longer than the kernel accepts.
    case tooLong(reason: String)

    /// Makes a call that returns a CSHIM_PCAP_ code and writes a reason.
    static func check(
        _ call: (_ reason: UnsafeMutablePointer<CChar>, _ capacity: CInt) -> CInt
    ) throws(PcapError) -> CInt {
        let capacity = 512
        let message = Slab<CChar>(zeros: capacity)
        let result = unsafe call(message.address(of: 0), CInt(capacity))
        guard result < 0 else { return result }
        let reason = unsafe String(cString: message.address(of: 0))
        switch result {
        case CInt(CSHIM_PCAP_MISSING): throw .libraryMissing(reason: reason)
        case CInt(CSHIM_PCAP_TOO_LONG): throw .tooLong(reason: reason)
        default: throw .rejected(reason: reason)
        }
    }
}
