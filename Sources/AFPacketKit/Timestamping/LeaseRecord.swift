internal import CShim
import Glibc

/// What the users of one interface's lease tell each other: a small file whose locks show who is there.
///
/// The kernel drops a process's locks however it ends, while the file's content stays: so the setting that a
/// killed process should have put back is known to the next one.
struct LeaseRecord: ~Copyable {
    /// The setting found at first, and the one made of it.
    struct Content: Equatable {
        let original: HardwareTimestampingSetting
        let widened: HardwareTimestampingSetting
    }

    private let descriptor: Descriptor

    /// The first byte is locked while the record or the setting is changed, the second by all who use the
    /// setting.
    private enum Byte: CLong {
        case change = 0
        case use = 1
    }

    /// Opens the record of an interface; nil where no folder for it can be written to.
    ///
    /// /run/lock is open to everybody; a file there that belongs to another user than root is not trusted.
    init?(of interface: NetworkInterface) {
        var namespace = stat()
        guard stat("/proc/self/ns/net", &namespace) == 0 else { return nil }
        for folder in ["/run/lock", "/run"] {
            let path = "\(folder)/afprobe-\(namespace.st_ino)-\(interface.index)"
            let flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW
            // Creating where there is one may be forbidden in such folders: fs.protected_regular, proc(5).
            var result = open(path, flags)
            if result < 0 { result = open(path, flags | O_CREAT | O_EXCL, 0o644) }
            guard let opened = try? Descriptor("open", result) else { continue }
            var status = stat()
            guard fstat(opened.rawValue, &status) == 0, [0, geteuid()].contains(status.st_uid) else {
                continue
            }
            descriptor = opened
            return
        }
        return nil
    }

    /// Keeps others from changing the record or the setting until `endChange`.
    func beginChange() { lock(.change, F_WRLCK, wait: true) }

    /// Lets others change it again.
    func endChange() { lock(.change, F_UNLCK, wait: false) }

    /// Whether nobody else uses the setting; to be asked during a change.
    func isUnused() -> Bool {
        let isUnused = lock(.use, F_WRLCK, wait: false)
        lock(.use, F_RDLCK, wait: false)
        return isUnused
    }

    /// Says that this process uses the setting, until it ends or `endUse`.
    func beginUse() { lock(.use, F_RDLCK, wait: false) }

    /// Says that it does no more.
    func endUse() { lock(.use, F_UNLCK, wait: false) }

    @discardableResult
    private func lock(_ byte: Byte, _ type: CInt, wait: Bool) -> Bool {
        cshim_lock_byte(descriptor.rawValue, byte.rawValue, Int16(type), wait) == 0
    }

    /// What is written; nil where nothing is, or nothing that can be understood.
    func read() -> Content? {
        var bytes = [UInt8](repeating: 0, count: 128)
        let count = pread(descriptor.rawValue, &bytes, bytes.count, 0)
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

    /// Replaces what is written; nil leaves nothing.
    func write(_ content: Content?) {
        ftruncate(descriptor.rawValue, 0)
        guard let content else { return }
        let numbers = [content.original, content.widened].flatMap {
            [$0.transmitType.rawValue, $0.receiveFilter.rawValue]
        }
        let bytes = Array(numbers.map(String.init).joined(separator: " ").utf8)
        pwrite(descriptor.rawValue, bytes, bytes.count, 0)
    }
}
