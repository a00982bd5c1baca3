internal import Synchronization

/// The reaction of the process to memory that the system does not give. No caller has a way on without it, but the
/// program can say so in its own words.
package enum MemoryShortage {
    private static let reaction = Mutex<@Sendable (_ bytes: Int) -> CInt>(say)

    /// Sets the reaction, which gets the number of bytes that are lacking and returns the exit status.
    package static func react(by reaction: @escaping @Sendable (_ bytes: Int) -> CInt) {
        Self.reaction.withLock { $0 = reaction }
    }

    /// The reaction of a program that has set none.
    @Sendable private static func say(_ bytes: Int) -> CInt {
        let text = "cannot allocate \(bytes) bytes of memory: raise the limit (ulimit -v)\n"
        // Nothing is left to be done if that fails.
        try? StandardStream.error.write(Array(text.utf8).span)
        return 1
    }

    /// Ends the process.
    static func end(lacking bytes: Int) -> Never {
        ThisProcess.exit(status(for: bytes))
    }

    private static func status(for bytes: Int) -> CInt {
        let react = reaction.withLock { $0 }
        return react(bytes)
    }
}
