import AFPacketKit

/// What a user should know beside the measurement, as values. The words for it are in the output.
enum Diagnostic {
    // Hardware timestamping, one setting for all who use the NIC.
    case timestampingChanged(String, from: HardwareTimestampingSetting, to: HardwareTimestampingSetting)
    case timestampingRefused(HardwareRefusal)
    case timestampingRestored(String, HardwareTimestampingSetting)
    case timestampingNotRestored(String, SystemError)
    /// Another run still uses the setting, and restores it.
    case timestampingInUse(String)
    /// Another program changed the setting, which is left as it is.
    case timestampingLeft(String, HardwareTimestampingSetting)
    /// Another program changed the setting in mid-run.
    case timestampingLost(String, from: HardwareTimestampingSetting, to: HardwareTimestampingSetting)

    // The interface.
    case noCarrier(String)
    case linkDown(String)
    case linkUp(String)
    /// This host drops frames before the NIC.
    case framesDropped(SystemError)
    /// No qdisc of the interface honours launch times.
    case noLaunchQdisc(String, kinds: [String])
    /// No socket keeps the kernel from answering datagrams to this port.
    case portNotGuarded(UInt16, ErrorCode)

    // The process.
    case memoryNotLocked(SystemError)
    case cpusMaySleep(SystemError)

    // The other side, and captures to be replayed.
    case otherResponder(MACAddress)
    case framesLeftOut(UInt64, of: UInt64)
}

/// Why hardware timestamping cannot be turned on for a run.
struct HardwareRefusal {
    enum Reason {
        case system(SystemError)
        /// It does not stamp what it sends.
        case transmitType
        /// It does not stamp all frames of this shape that it receives.
        case receiveFilter(ReceiveFilter)
    }

    let interface: NetworkInterface
    let reason: Reason
}
