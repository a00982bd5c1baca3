import AFPacketKit

/// Reads the state of a run's interface: from the kernel, or from a test's script.
struct InterfaceReader {
    /// The interface as it was when the run began.
    let interface: NetworkInterface
    /// Its timestamping capabilities and setting.
    let snapshot: () -> TimestampingSnapshot
    /// The setting alone, which is read during a run: the NIC's driver need not be asked for more.
    let setting: () -> HardwareTimestampingSetting?
    let counters: () -> [DriverStatistic]
    /// The index of the device that stamps the interface's frames; nil if there is none.
    let stampingDevice: () -> CInt?
    /// The interface as it is now, even if renamed.
    let current: () throws(SystemError) -> NetworkInterface
    /// The number of times that it has lost its carrier; nil if the kernel does not tell.
    let carrierLosses: () -> UInt32?
    /// Its Internet addresses now.
    let addresses: () -> [InterfaceAddress]
    /// The NIC's clock compared with CLOCK_REALTIME; nil if they cannot be compared.
    let comparison: () -> PTPClock.CrossTimestamp?

    /// Reads from the kernel; `clockIndex` is nil if the NIC has no clock.
    static func kernel(_ interface: NetworkInterface, clockIndex: Int?) -> InterfaceReader {
        let clock = OpenedClock(clockIndex)
        return InterfaceReader(
            interface: interface,
            snapshot: { TimestampingSnapshot(of: interface.asItIsNow ?? interface) },
            setting: { try? interface.asItIsNow?.hardwareTimestampingSetting() },
            counters: { (try? interface.asItIsNow?.driverStatistics()) ?? [] },
            stampingDevice: { Self.stampingDevice(of: interface) },
            current: { () throws(SystemError) in try NetworkInterface(index: interface.index) },
            carrierLosses: { interface.carrierLosses },
            addresses: { (try? interface.interfaceAddresses()) ?? [] },
            comparison: { clock.compare() })
    }
}

extension NetworkInterface {
    /// The interface by its index: it may have been renamed, and some requests are made by name.
    fileprivate var asItIsNow: NetworkInterface? { try? NetworkInterface(index: index) }
}

extension InterfaceReader {
    fileprivate static func stampingDevice(of interface: NetworkInterface) -> CInt? {
        guard case .device(let device, _) = try? interface.timestampingDevice() else { return nil }
        return device.index
    }
}

/// A NIC's clock, opened once: the capability for it may be dropped later.
private final class OpenedClock {
    private let clock: PTPClock?

    init(_ index: Int?) {
        guard let index else {
            clock = nil
            return
        }
        do throws(SystemError) { clock = try PTPClock(index: index) } catch { clock = nil }
    }

    func compare() -> PTPClock.CrossTimestamp? {
        // No optional chaining: it would copy the clock.
        switch clock {
        case .some(let clock): try? clock.crossTimestamp()
        case .none: nil
        }
    }
}
