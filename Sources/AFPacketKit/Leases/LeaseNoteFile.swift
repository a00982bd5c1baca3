internal import CShim
import Glibc

/// The file of a device's note in /run/afprobe, if the administrator has made that folder. Whoever may write there may
/// change the setting anyway, and nothing is restored by a note unless a user asks for it.
struct LeaseNoteFile {
    private static let folder = "/run/afprobe"
    private let path: String

    /// Nil if the folder is missing or anybody may write there.
    init?(of device: NetworkInterface) {
        var status = stat()
        guard unsafe lstat(Self.folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == 0,
            status.st_mode & S_IWOTH == 0
        else { return nil }
        do throws(SystemError) {
            path = "\(Self.folder)/timestamping-\(try AbstractSocket.namespaceCookie())-\(device.index)"
        } catch { return nil }
    }

    /// Returns the note; nil if there is none or it is invalid.
    func read() -> LeaseNote? {
        guard let file = try? Descriptor("open", unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)) else {
            return nil
        }
        var bytes = [UInt8](repeating: 0, count: 128)
        let count = unsafe Glibc.read(file.rawValue, &bytes, bytes.count)
        guard count > 0 else { return nil }
        let text = String(decoding: bytes[..<count], as: UTF8.self)
        let words = text.split { $0 == " " || $0 == "\n" }.map(String.init)
        guard words.count == 5, let transmit = TransmitType(words[0]), let receive = ReceiveFilter(words[1]),
            let widenedTransmit = TransmitType(words[2]), let widenedReceive = ReceiveFilter(words[3]),
            let chain = UInt64(words[4])
        else { return nil }
        return LeaseNote(
            chain: chain,
            original: HardwareTimestampingSetting(transmitType: transmit, receiveFilter: receive),
            widened: HardwareTimestampingSetting(
                transmitType: widenedTransmit, receiveFilter: widenedReceive))
    }

    /// Replaces the note, in one step; nil removes it.
    func write(_ note: LeaseNote?) {
        guard let note else {
            unsafe unlink(path)
            return
        }
        let (old, new) = (note.original, note.widened)
        let text =
            "\(old.transmitType) \(old.receiveFilter) \(new.transmitType) \(new.receiveFilter) "
            + "\(note.chain)\n"
        let draft = "\(path).\(getpid())"
        // Of a process of the same number, which was killed.
        unsafe unlink(draft)
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW
        guard let file = try? Descriptor("open", unsafe open(draft, flags, 0o644)) else { return }
        let bytes = Array(text.utf8)
        if unsafe Glibc.write(file.rawValue, bytes, bytes.count) == bytes.count {
            unsafe rename(draft, path)
        } else {
            unsafe unlink(draft)
        }
    }
}
