import AFPacketKit

/// A time in which an interface is down: told once, and survived, unless the interface goes away.
struct Outage {
    private var isDown = false
    /// When to look again whether the interface is there; nil while it is up.
    private(set) var nextLook: MonotonicTime?

    private static let pause: Int64 = 250_000_000

    /// Takes note that the interface is down.
    ///
    /// - Throws: `Failure` where it is there no more.
    mutating func begin(_ interface: NetworkInterface, _ console: inout Console) throws(Failure) {
        _ = try current(interface)
        nextLook = .now() + Self.pause
        guard !isDown else { return }
        isDown = true
        console.report(.warning, "Interface \(interface.name) went down; waiting for it") { line in
            line.string("hint", "set it up: ip link set \(interface.name) up")
        }
    }

    /// Looks, where it is time, whether the interface is up again.
    ///
    /// - Throws: `Failure` where it is there no more.
    mutating func look(
        at now: MonotonicTime, _ interface: NetworkInterface, _ console: inout Console
    ) throws(Failure) {
        guard let nextLook, now >= nextLook else { return }
        guard try current(interface).isUp else {
            self.nextLook = now + Self.pause
            return
        }
        end(interface, &console)
    }

    /// Takes note that the interface is up.
    mutating func end(_ interface: NetworkInterface, _ console: inout Console) {
        // Every frame comes here.
        if isDown { tellEnd(interface, &console) }
    }

    private mutating func tellEnd(_ interface: NetworkInterface, _ console: inout Console) {
        isDown = false
        nextLook = nil
        console.report(.info, "Interface \(interface.name) is up again")
    }

    /// The interface as it is now, by whatever name.
    private func current(_ interface: NetworkInterface) throws(Failure) -> NetworkInterface {
        do throws(SystemError) {
            return try NetworkInterface(index: interface.index)
        } catch {
            throw Failure("Interface \(interface.name) has gone", error, interface: interface)
        }
    }
}
