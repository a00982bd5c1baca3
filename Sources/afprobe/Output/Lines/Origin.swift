import AFPacketKit

/// The program and the host that a summary comes from.
enum Origin {
    /// The program's version. semver.org
    static let version = "0.1.0"

    static var host: String { ThisProcess.hostName }
}
