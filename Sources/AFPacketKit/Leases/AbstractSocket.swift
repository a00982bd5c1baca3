internal import CShim
import Glibc

/// A listening Unix socket with an abstract name: a name that all processes of a network namespace see, and that ends
/// with the process which bound it. unix(7)
struct AbstractSocket: ~Copyable {
    private let descriptor: Descriptor

    /// - Parameter name: at most 106 bytes, without the NUL before it.
    /// - Throws: `SystemError`, with `addressInUse` if the name is bound.
    init(listeningAs name: String) throws(SystemError) {
        let descriptor = try Self.open()
        let result = unsafe Self.withAddress(name) { unsafe bind(descriptor.rawValue, $0, $1) }
        guard result == 0 else { throw .last("bind(AF_UNIX)") }
        // Those who ask for the credentials stay in the queue, as nobody accepts them.
        guard listen(descriptor.rawValue, 4096) == 0 else { throw .last("listen(AF_UNIX)") }
        self.descriptor = descriptor
    }

    private static func open() throws(SystemError) -> Descriptor {
        let type = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        return try Descriptor("socket(AF_UNIX)", socket(AF_UNIX, type, 0))
    }

    private static func withAddress(
        _ name: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt
    ) -> CInt {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(name.utf8)
        let room = MemoryLayout.size(ofValue: address.sun_path) - 1
        precondition(bytes.count <= room, "an abstract name of \(bytes.count) bytes")
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { path in
            for index in bytes.indices { unsafe path[index + 1] = bytes[index] }
        }
        let length = MemoryLayout<sockaddr_un>.size - room + bytes.count
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe body($0, socklen_t(length))
            }
        }
    }

    // MARK: Others

    /// A socket of this network namespace.
    struct Listed {
        let name: String
        /// The user who opened it; nil if the kernel does not tell: before Linux 5.3, or without unix_diag.
        let user: uid_t?
    }

    /// The listening sockets whose abstract names begin with a text. sock_diag(7), proc(5)
    ///
    /// - Throws: `SystemError` of netlink; of /proc/net/unix if the kernel lacks the module unix_diag.
    static func list(startingWith prefix: String) throws(SystemError) -> [Listed] {
        do throws(SystemError) {
            return try NetlinkSocket.repeating { () throws(SystemError) in try listByNetlink(prefix) }
        } catch  where error.code == .noSuchFile {
            return try listByFile(prefix)
        }
    }

    /// The lines of /proc/net/unix: address, references, protocol, flags, type, state, inode and name.
    private static func listByFile(_ prefix: String) throws(SystemError) -> [Listed] {
        var found: [Listed] = []
        let isOpen = ProcFile.forEachLine(of: "/proc/thread-self/net/unix") { line in
            let words = line.split { $0 == " " || $0 == "\n" }
            // __SO_ACCEPTCON, and @ for the NUL before the name.
            guard words.count == 8, words[3] == "00010000", words[7].hasPrefix("@" + prefix) else { return }
            found.append(Listed(name: String(words[7].dropFirst()), user: nil))
        }
        guard isOpen else { throw .last("open(/proc/net/unix)") }
        return found
    }

    private static func listByNetlink(_ prefix: String) throws(SystemError) -> [Listed] {
        // struct unix_diag_req, linux/unix_diag.h
        var request = [UInt8](repeating: 0, count: 24)
        request[0] = UInt8(AF_UNIX)
        // In the byte order of this machine: listening sockets only; show the name and the user.
        func put(_ value: UInt32, at index: Int) {
            unsafe withUnsafeBytes(of: value) { bytes in
                for offset in 0..<4 { unsafe request[index + offset] = bytes[offset] }
            }
        }
        put(1 << 10, at: 4)  // TCP_LISTEN
        put(1 << 0 | 1 << 6, at: 12)  // UDIAG_SHOW_NAME, UDIAG_SHOW_UID
        var found: [Listed] = []
        try NetlinkSocket.dumpSockets(request) { content in
            if let listed = Listed(message: content), listed.name.hasPrefix(prefix) { found.append(listed) }
        }
        return found
    }

    /// The process that listens by an abstract name, as it was when it began to; nil if there is none, or too many have
    /// asked.
    static func owner(of name: String) -> ProcessIdentity? {
        guard let descriptor = try? open(),
            unsafe withAddress(name, { unsafe connect(descriptor.rawValue, $0, $1) }) == 0
        else { return nil }
        // struct ucred
        var credentials: (process: pid_t, user: uid_t, group: gid_t) = (0, 0, 0)
        do throws(SystemError) {
            try descriptor.getOption("SO_PEERCRED", SOL_SOCKET, SO_PEERCRED, into: &credentials)
        } catch { return nil }
        var groups = [gid_t](repeating: 0, count: 1024)
        var length = socklen_t(groups.count * MemoryLayout<gid_t>.size)
        let result = unsafe getsockopt(
            descriptor.rawValue, SOL_SOCKET, cshim_SO_PEERGROUPS, &groups, &length)
        groups.removeSubrange((result == 0 ? Int(length) / MemoryLayout<gid_t>.size : 0)...)
        return ProcessIdentity(
            process: credentials.process, user: credentials.user, groups: [credentials.group] + groups)
    }

    /// The number of this network namespace, which no other one gets until the system restarts. SO_NETNS_COOKIE, Linux
    /// 5.14
    ///
    /// - Throws: `SystemError`, with `unknownOption` before that.
    static func namespaceCookie() throws(SystemError) -> UInt64 {
        let descriptor = try open()
        var cookie: UInt64 = 0
        try descriptor.getOption("SO_NETNS_COOKIE", SOL_SOCKET, cshim_SO_NETNS_COOKIE, into: &cookie)
        return cookie
    }
}

extension AbstractSocket.Listed {
    /// Parses a message, which continues with struct unix_diag_msg from the inode on, then attributes; nil if it has no
    /// abstract name.
    init?(message: Span<UInt8>) {
        let fixedSize = 12
        guard message.count >= fixedSize else { return nil }
        var (name, user): (String?, uid_t?) = (nil, nil)
        message.extracting(fixedSize..<message.count).forEachAttribute { type, payload in
            switch type {
            case 0 where payload.count > 1 && payload[0] == 0:  // UNIX_DIAG_NAME
                name = payload.extracting(1..<payload.count).netlinkString
            case 7: user = payload.load(uid_t.self, at: 0)  // UNIX_DIAG_UID
            default: break
            }
        }
        guard let name else { return nil }
        self.init(name: name, user: user)
    }
}

/// A process, as the kernel tells of the other end of a Unix socket.
public struct ProcessIdentity: Hashable, Sendable {
    /// Its number in this PID namespace; 0 if it is not in it.
    public let process: CInt
    /// Its effective user.
    public let user: UInt32
    /// Its effective group and the supplementary ones.
    public let groups: [UInt32]

    /// Creates an identity.
    public init(process: CInt, user: UInt32, groups: [UInt32] = []) {
        self.process = process
        self.user = user
        self.groups = groups
    }

    /// The name of its program, up to 15 bytes; nil if it has ended or cannot be seen. /proc/PID/comm, proc(5)
    public var program: String? {
        guard process > 0, let file = unsafe fopen("/proc/\(process)/comm", "re") else { return nil }
        defer { unsafe fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = unsafe fread(&bytes, 1, bytes.count, file)
        let name = bytes.prefix(count).prefix { $0 >= 0x20 && $0 < 0x7f }
        return name.isEmpty ? nil : String(decoding: name, as: UTF8.self)
    }
}
