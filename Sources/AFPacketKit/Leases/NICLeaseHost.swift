internal import CShim
import Glibc

/// The world of a lease as the kernel shows it: the device's setting, and the claims of the network namespace as
/// abstract sockets. They cross users and mount namespaces, need no folder, and end with their processes.
struct NICLeaseHost: LeaseHost {
    /// The device whose setting it is.
    let device: NetworkInterface
    let isBondPort: Bool
    /// The interface that the run uses: the device, or one on top of it.
    private let interface: NetworkInterface
    private let path: ControlPath
    private let sockets = Sockets()

    /// The lock and the claim that the run holds; a class, since descriptors have one owner.
    private final class Sockets {
        var lock: AbstractSocket?
        var claim: AbstractSocket?
        var claimName = ""
    }

    /// - Throws: `TimestampingLeaseError` if no device of this network namespace stamps the interface's frames.
    init(
        of interface: NetworkInterface, via path: ControlPath = .automatic
    ) throws(TimestampingLeaseError) {
        let device = try Self.asking { () throws(SystemError) in try interface.timestampingDevice() }
        switch device {
        case .device(let device, let isBondPort): (self.device, self.isBondPort) = (device, isBondPort)
        case .elsewhere(let interface): throw .elsewhere(below: interface.name)
        case .bondWithoutActivePort(let bond): throw .bondWithoutActivePort(bond.name)
        case .bridge(let bridge): throw .bridge(bridge.name)
        }
        self.interface = interface
        self.path = path
    }

    private static func asking<Answer>(
        _ ask: () throws(SystemError) -> Answer
    ) throws(TimestampingLeaseError) -> Answer {
        do throws(SystemError) { return try ask() } catch { throw .system(error) }
    }

    // MARK: Claims

    /// Microseconds between two attempts to get the lock, and the number of attempts: 200 ms. A change takes a few
    /// milliseconds.
    private static let (lockDelay, lockAttempts): (UInt32, Int) = (5_000, 40)

    private var lockName: String { LeaseClaim.prefix(index: device.index) + "change" }

    func lock() throws(TimestampingLeaseError) {
        for attempt in 1...Self.lockAttempts {
            do throws(SystemError) {
                sockets.lock = try AbstractSocket(listeningAs: lockName)
                return
            } catch  where error.code == .addressInUse {
                if attempt < Self.lockAttempts { usleep(Self.lockDelay) }
            } catch { throw .system(error) }
        }
        throw .busy(by: AbstractSocket.owner(of: lockName))
    }

    func unlock() { sockets.lock = nil }

    func show(_ claim: LeaseClaim?) throws(TimestampingLeaseError) {
        guard let claim else {
            sockets.claim = nil
            return
        }
        let name = claim.name(index: device.index, nonce: .random(in: 0 ... .max))
        // The former claim ends only when the new one is shown.
        do throws(SystemError) { sockets.claim = try AbstractSocket(listeningAs: name) } catch {
            throw .system(error)
        }
        sockets.claimName = name
    }

    func others() throws(TimestampingLeaseError) -> [OtherClaim] {
        let listed = try Self.asking { () throws(SystemError) in
            try AbstractSocket.list(startingWith: LeaseClaim.prefix(index: device.index))
        }
        return listed.compactMap { socket in
            guard socket.name != sockets.claimName,
                let claim = LeaseClaim(name: socket.name, index: device.index)
            else { return nil }
            return OtherClaim(claim: claim, isBelieved: Self.isBelieved(socket), name: socket.name)
        }
    }

    private static func isBelieved(_ socket: AbstractSocket.Listed) -> Bool {
        // Users of another user namespace, which have no number in this one, all appear as this.
        let unknownUser: uid_t = 65_534
        func isKnown(_ user: uid_t) -> Bool { user == 0 || user == geteuid() && user != unknownUser }
        // To ask the process itself takes a place in its queue, of which it has few.
        let owner = socket.user == nil ? AbstractSocket.owner(of: socket.name) : nil
        guard let user = socket.user ?? owner?.user else { return false }
        if isKnown(user) { return true }
        guard let group = unsafe getgrnam("afprobe")?.pointee.gr_gid else { return false }
        return (owner?.groups ?? groups(of: user)).contains(group)
    }

    /// The groups of a user.
    private static func groups(of user: uid_t) -> [gid_t] {
        guard let entry = unsafe getpwuid(user) else { return [] }
        var groups = [gid_t](repeating: 0, count: 1024)
        var count = CInt(groups.count)
        let result = unsafe getgrouplist(entry.pointee.pw_name, entry.pointee.pw_gid, &groups, &count)
        return result < 0 ? [] : Array(groups.prefix(Int(count)))
    }

    // MARK: The setting

    func setting() throws(TimestampingLeaseError) -> HardwareTimestampingSetting {
        try Self.asking { () throws(SystemError) in
            // It may have been renamed.
            try NetworkInterface(index: device.index).hardwareTimestampingSetting(via: path)
        }
    }

    func change(
        to setting: HardwareTimestampingSetting
    ) throws(TimestampingLeaseError) -> HardwareTimestampingSetting {
        try Self.asking { () throws(SystemError) in
            let device = try NetworkInterface(index: device.index)
            return try device.setHardwareTimestamping(setting, via: path)
        }
    }

    func hasPTPParticipant() -> Bool { device.hasPTPParticipant() || interface.hasPTPParticipant() }

    // MARK: The note

    func note() -> LeaseNote? { LeaseNoteFile(of: device)?.read() }
    func write(_ note: LeaseNote?) { LeaseNoteFile(of: device)?.write(note) }
}
