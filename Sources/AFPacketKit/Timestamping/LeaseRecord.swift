internal import CShim
import Glibc

/// A small file shared by the users of one interface's lease, whose locks show who uses it.
///
/// The kernel drops a process's locks however it ends, while the file's content stays: so the next process knows the
/// setting that a killed one should have restored.
struct LeaseRecord: ~Copyable {
    /// The original setting, and the widened one.
    struct Content: Equatable {
        let original: HardwareTimestampingSetting
        let widened: HardwareTimestampingSetting
    }

    private let descriptor: Descriptor

    /// Returns whether the record is open, so that leases are shared.
    func isOpen() -> Bool { descriptor.rawValue >= 0 }

    /// The first byte is locked while the record or the setting is changed, the second by all users of the setting.
    private enum Byte: CLong {
        case change = 0
        case use = 1
    }

    /// Opens the record of an interface's NIC; nil if no folder for it is writable.
    ///
    /// Root's records are in /run, where nobody else can write; those of other users in /run/lock, where each has its
    /// own: leases are shared between the runs of one user.
    init?(of interface: NetworkInterface) {
        let folder = geteuid() == 0 ? "/run" : "/run/lock"
        guard let name = Self.name(of: interface) else { return nil }
        let path = "\(folder)/afprobe-\(geteuid())-\(name)"
        let flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW
        // O_CREAT on an existing file may be forbidden in such folders: fs.protected_regular, proc(5).
        var result = unsafe open(path, flags)
        if result < 0 { result = unsafe open(path, flags | O_CREAT | O_EXCL, 0o600) }
        guard let opened = try? Descriptor("open", result) else { return nil }
        // Anybody who can read the file can hold a lock.
        var status = stat()
        guard unsafe fstat(opened.rawValue, &status) == 0, status.st_uid == geteuid(), status.st_nlink == 1,
            status.st_mode & S_IFMT == S_IFREG, status.st_mode & 0o077 == 0
        else { return nil }
        descriptor = opened
    }

    /// The NIC's clock, which VLANs and other devices on top of it show as well, in every network namespace; the
    /// interface's index in its namespace if there is none.
    private static func name(of interface: NetworkInterface) -> String? {
        if let clock = (try? interface.timestampingCapabilities())?.clockIndex { return "ptp\(clock)" }
        var namespace = stat()
        guard unsafe stat("/proc/self/ns/net", &namespace) == 0 else { return nil }
        return "\(namespace.st_ino)-\(interface.index)"
    }

    /// Keeps others from changing the record or the setting until `endChange`.
    ///
    /// Changes are short; a process that holds the lock for a second hangs, and is no longer waited for.
    func beginChange() {
        for _ in 0..<100 {
            if lock(.change, F_WRLCK) { return }
            usleep(10_000)
        }
    }

    /// Allows others to change it again.
    func endChange() { lock(.change, F_UNLCK) }

    /// Returns whether no other process uses the setting; called during a change.
    func isUnused() -> Bool {
        let isUnused = lock(.use, F_WRLCK)
        lock(.use, F_RDLCK)
        return isUnused
    }

    /// Marks the setting as used by this process, until it ends or calls `endUse`.
    func beginUse() { lock(.use, F_RDLCK) }

    /// Ends the use by this process.
    func endUse() { lock(.use, F_UNLCK) }

    @discardableResult
    private func lock(_ byte: Byte, _ type: CInt) -> Bool {
        cshim_lock_byte(descriptor.rawValue, byte.rawValue, Int16(type)) == 0
    }

    /// The content; nil if there is none or it is invalid.
    func read() -> Content? {
        var bytes = [UInt8](repeating: 0, count: 128)
        let count = unsafe pread(descriptor.rawValue, &bytes, bytes.count, 0)
        guard count > 0 else { return nil }
        let numbers = String(decoding: bytes[..<count], as: UTF8.self).split(separator: " ").map { CInt($0) }
        guard numbers.count == 4, let tx = numbers[0], let rx = numbers[1], let widenedTx = numbers[2],
            let widenedRx = numbers[3]
        else { return nil }
        return Content(
            original: HardwareTimestampingSetting(
                transmitType: TransmitType(rawValue: tx), receiveFilter: ReceiveFilter(rawValue: rx)),
            widened: HardwareTimestampingSetting(
                transmitType: TransmitType(rawValue: widenedTx),
                receiveFilter: ReceiveFilter(rawValue: widenedRx)))
    }

    /// Replaces the content; nil clears it.
    func write(_ content: Content?) {
        ftruncate(descriptor.rawValue, 0)
        guard let content else { return }
        let numbers = [content.original, content.widened].flatMap {
            [$0.transmitType.rawValue, $0.receiveFilter.rawValue]
        }
        let bytes = Array(numbers.map(String.init).joined(separator: " ").utf8)
        unsafe pwrite(descriptor.rawValue, bytes, bytes.count, 0)
    }
}
