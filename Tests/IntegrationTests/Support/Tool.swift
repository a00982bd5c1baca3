import Foundation
import Testing

/// A program that the tests need, and where it is.
struct Tool {
    let name: String
    private static let folders =
        ["/usr/bin", "/usr/sbin", "/bin", "/sbin"] + [
            // Unpacked and not installed, by `make test`: daemons that set this machine's clock.
            URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .deletingLastPathComponent().deletingLastPathComponent()
                .appending(path: ".build/daemons/usr/sbin").path
        ]

    init(_ name: String) { self.name = name }

    var path: String? {
        Self.folders.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// The executable under test, built together with the tests.
    static let afprobe: String = {
        let folder = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        return folder.appending(path: "afprobe").path
    }()

    /// The executable that users get, built by `make test`.
    static let release = URL(filePath: afprobe).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "release/afprobe").path
}

extension Trait where Self == ConditionTrait {
    /// Runs a test only where it can: with the right to make network namespaces, and with these programs.
    /// In CI nothing is skipped: there the test runs, and fails.
    static func needs(_ tools: String...) -> Self {
        let missing = (["ip"] + tools).filter { Tool($0).path == nil }
        let why: Comment =
            missing.isEmpty
            ? "needs root, or to be run by `make test`, to make network namespaces"
            : "needs \(missing.joined(separator: ", ")), which `make test` installs"
        let isCI = ProcessInfo.processInfo.environment["CI"] != nil
        return .enabled(if: isCI || (missing.isEmpty && Namespaces.canBeMade), why)
    }

    /// Runs a test only where this user may open a device; in CI always.
    static func needsDevice(_ path: String) -> Self {
        let isCI = ProcessInfo.processInfo.environment["CI"] != nil
        return .enabled(if: isCI || access(path, R_OK | W_OK) == 0, "needs to open \(path): run it as root")
    }
}
