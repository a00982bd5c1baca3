internal import Synchronization

/// The reaction of the process to memory that the system does not give. No caller has a way on without it, but the
/// program can say so in its own words.
package enum MemoryShortage {
    private static let reaction = Mutex<(@Sendable (_ bytes: Int) -> CInt)?>(nil)

    /// Sets the reaction, which gets the number of bytes that are lacking and returns the exit status. Without one, the
    /// process traps.
    package static func react(by reaction: @escaping @Sendable (_ bytes: Int) -> CInt) {
        Self.reaction.withLock { $0 = reaction }
    }

    /// Ends the process.
    static func end(lacking bytes: Int) -> Never {
        if let reaction = reaction.withLock({ $0 }) { ThisProcess.exit(reaction(bytes)) }
        fatalError("cannot allocate \(bytes) bytes: is there a limit (ulimit -v)?")
    }
}
