/// What the process tells the shell.
enum ExitStatus: Int32 {
    /// There is a measurement: an answer, a stamp, a probe; or the setting asked for is in force.
    case measured = 0
    /// All went well, but nothing came.
    case nothingCame = 1
    /// The command line is wrong, whatever the interface.
    case usage = 2
    /// The system refused.
    case refused = 3
    /// What was measured is not good enough: a limit was exceeded, or a claim of the NIC's driver not kept.
    case exceeded = 4
}
