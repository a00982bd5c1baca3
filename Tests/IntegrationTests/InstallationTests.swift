import Foundation
import Testing

/// An installation by `make install`, used as its users do.
@Suite(.needs("make", "strip", "readelf"))
struct InstallationTests {
    /// Twice, for that is how it is brought up to date; also below a folder with a space in its name.
    @Test(arguments: ["", "/a b"])
    func installsWhatUninstallRemoves(below folder: String) throws {
        let installed = try Installation(below: folder)
        try installed.make("install")
        let files = try Program(["find", installed.root.path, "-type", "f", "-printf", "%m %P\\n"]).finish()
        #expect(
            Set(files.lines).isSuperset(of: [
                "755 usr/bin/afprobe", "644 usr/share/man/man1/afprobe.1",
                "644 usr/share/man/man1/afprobe-ping.1", "644 usr/share/man/man5/afprobe-output.5",
                "644 usr/share/bash-completion/completions/afprobe",
                "644 usr/share/zsh/site-functions/_afprobe",
                "644 usr/share/fish/vendor_completions.d/afprobe.fish",
            ]), "\(files)")
        try installed.make("uninstall")
        let left = try Program(["find", installed.root.path, "-type", "f"]).finish()
        #expect(left.output.isEmpty, "\(left)")
    }

    @Test func theBinaryIsStrippedAndRuns() throws {
        let installed = try Installation()
        let sections = try Program(["readelf", "--section-headers", installed.afprobe]).finish()
        #expect(sections.output.contains(".text") && !sections.output.contains(".symtab"), "\(sections)")
        let version = try Program([installed.afprobe, "--version"]).finish()
        #expect(version.output == "afprobe 0.1.0\n", "\(version)")
    }

    /// The README's way to run without root.
    @Test(.needsFileCapabilities)
    func aUserMeasuresWithFileCapabilities() throws {
        let installed = try Installation()
        try Program.expect(["setcap", "cap_net_raw,cap_net_admin+ep", installed.afprobe])
        let hosts = try Namespaces()
        // libpcap must be found, too, though the loader trusts no environment of such a process.
        let listener = try Program(
            hosts.far.command(
                asNobody + [installed.afprobe, "listen", "-i", "vb", "--stats", "10ms", "-w", "30"]
                    + ["--filter", "ether src \(hosts.near.address)"]))
        try listener.waitForOutput(containing: "RX Stats")
        for command in [
            ["send", "-i", "va", "-d", hosts.far.address, "-c", "2", "-I", "1ms", "--priority", "7"],
            ["ping", "-i", "va", hosts.far.address, "-c", "2", "-I", "1ms"],
        ] {
            let result = try Program(hosts.near.command(asNobody + [installed.afprobe] + command)).finish()
            #expect(result.status == 0, "\(result)")
        }
        let result = try listener.interrupt()
        #expect(result.status == 0 && result.summary("RX Summary", "probes") == 4, "\(result)")
        #expect(result.summary("RX Summary", "replies") == 2, "\(result)")
    }

    @Test(.needsFileCapabilities)
    func aUserWithoutThemIsToldWhatToDo() throws {
        let installed = try Installation()
        let hosts = try Namespaces()
        let command = asNobody + [installed.afprobe, "listen", "-i", "va"]
        let result = try Program(hosts.near.command(command)).finish()
        #expect(result.status == 3, "\(result)")
        #expect(
            result.errors.contains("setcap cap_net_raw,cap_net_admin+ep \(installed.afprobe)"), "\(result)")
        let hwstamp = try Program(hosts.near.command(asNobody + [installed.afprobe, "hwstamp", "va"]))
            .finish()
        #expect(hwstamp.status == 0, "\(hwstamp)")
    }
}

/// Runs a command as a user without rights.
private let asNobody = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"]

/// The release binary and what belongs to it, installed in a folder that others may enter.
final class Installation: Sendable {
    let root: URL
    private let top: URL
    private static let source = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    init(below folder: String = "") throws {
        top = FileManager.default.temporaryDirectory.appending(path: "afpt-\(UUID().uuidString)")
        root = URL(filePath: top.path + folder)
        try FileManager.default.createDirectory(
            at: root, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        try make("install")
    }

    deinit { try? FileManager.default.removeItem(at: top) }

    var afprobe: String { root.appending(path: "usr/bin/afprobe").path }

    func make(_ target: String) throws {
        try Program.expect([
            "make", "-s", "-C", Self.source.path, target, "PREFIX=/usr", "DESTDIR=\(root.path)",
        ])
    }

    /// Tells whether a user gets the capabilities of a file here: not on a file system without them or mounted nosuid,
    /// nor where this process may not become another user.
    static let canHaveCapabilities: Bool = {
        let file = FileManager.default.temporaryDirectory.appending(path: "afpt-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        do {
            try FileManager.default.copyItem(atPath: "/bin/cat", toPath: file.path)
            try Program.expect(["setcap", "cap_net_raw+ep", file.path])
            let result = try Program.run(asNobody + [file.path, "/proc/self/status"])
            return result.output.contains("CapEff:\t0000000000002000")
        } catch {
            return false
        }
    }()
}

extension Trait where Self == ConditionTrait {
    /// Runs a test only where files can have capabilities; in CI always.
    static var needsFileCapabilities: Self {
        let isCI = ProcessInfo.processInfo.environment["CI"] != nil
        return .enabled(
            if: isCI || Installation.canHaveCapabilities,
            "needs setcap and setpriv, root's right to use them, and a temporary folder not mounted nosuid")
    }
}
