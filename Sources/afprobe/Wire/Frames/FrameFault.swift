/// The reason why a received frame is no usable probe.
enum FrameFault: Error {
    /// It is something else that shares the EtherType or the port.
    case foreign
    /// It ends before its own lengths say, or before the probe is complete.
    case truncated
    /// A checksum or a length in it is wrong.
    case corrupt
    /// It is a message of another version of the protocol.
    case otherVersion
}

/// The number of frames with each fault.
struct FrameFaultCounts: Equatable {
    private(set) var foreign: UInt64 = 0
    private(set) var truncated: UInt64 = 0
    private(set) var corrupt: UInt64 = 0
    private(set) var otherVersion: UInt64 = 0

    mutating func count(_ fault: FrameFault) {
        switch fault {
        case .foreign: foreign += 1
        case .truncated: truncated += 1
        case .corrupt: corrupt += 1
        case .otherVersion: otherVersion += 1
        }
    }

    static func += (total: inout FrameFaultCounts, more: FrameFaultCounts) {
        total.foreign += more.foreign
        total.truncated += more.truncated
        total.corrupt += more.corrupt
        total.otherVersion += more.otherVersion
    }
}
