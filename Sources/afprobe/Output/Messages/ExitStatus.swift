/// The exit status of the process.
enum ExitStatus: Int32 {
    /// A measurement exists (a reply, a stamp, a probe), or the requested setting is in force.
    case measured = 0
    /// No failure, but nothing was measured.
    case nothingCame = 1
    /// The command line is wrong, whatever the interface.
    case usage = 2
    /// A system call failed.
    case refused = 3
    /// The measurement exceeded a limit, or a claim of the NIC's driver did not hold.
    case exceeded = 4
}
