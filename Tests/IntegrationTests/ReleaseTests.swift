import Foundation
import Testing

/// The binary that users get.
@Suite(.needs("ldd"))
struct ReleaseTests {
    private let release = Tool.release

    @Test func dependsOnNothingButTheCLibrary() throws {
        let result = try Program(["ldd", release]).finish()
        let libraries = result.lines.compactMap { line in
            line.split(separator: " ").first.map { $0.trimmingCharacters(in: .whitespaces) }
        }.map { $0.split(separator: "/").last.map(String.init) ?? $0 }
        let allowed = ["linux-vdso", "libc", "libm", "ld-linux"]
        #expect(!libraries.isEmpty, "\(result)")
        for library in libraries {
            #expect(
                allowed.contains { library.hasPrefix("\($0).") || library.hasPrefix("\($0)-") }, "\(result)")
        }
    }

    /// Which every start would pay for: a use of `String.contains(_: String)`, for instance, brings them.
    @Test func containsNoRegularExpressions() throws {
        let bytes = try Data(contentsOf: URL(filePath: release), options: .alwaysMapped)
        #expect(bytes.range(of: Data("Swift".utf8)) != nil)
        #expect(bytes.range(of: Data("_RegexParser".utf8)) == nil)
    }

    @Test func readsItsArgumentsWithoutProc() throws {
        let result = try Program([
            "unshare", "--mount", "sh", "-c", "mount -t tmpfs tmpfs /proc; exec \(release) help listen",
        ]).finish()
        #expect(result.status == 0 && result.output.contains("--reply-limit"), "\(result)")
    }

    @Test func saysItsVersionAndHelp() throws {
        let version = try Program([release, "--version"]).finish()
        #expect(version.output == "afprobe 0.1.0\n" && version.status == 0, "\(version)")
        let help = try Program([release, "help"]).finish()
        #expect(help.output.contains("listen") && help.status == 0)
        let send = try Program([release, "send", "--help"]).finish()
        #expect(try send.output == Program([release, "help", "send"]).finish().output && send.status == 0)
    }

    /// Without libpcap everything works but the option that needs it, which says so.
    @Test func withoutLibpcapOnlyTheFilterIsMissing() throws {
        let hide =
            "for f in $(ls -d /usr/lib/*/libpcap.so.* /lib/*/libpcap.so.*); do mount --bind /dev/null $f; done; "
        let result = try Program([
            "unshare", "--mount", "sh", "-c", hide + "exec \(release) listen -i none --filter ip",
        ]).finish()
        #expect(result.status == 3, "\(result)")
        #expect(
            result.errors.contains("needs libpcap") && result.errors.contains("apt-get install"), "\(result)")
        let other = try Program(["unshare", "--mount", "sh", "-c", hide + "exec \(release) --version"])
            .finish()
        #expect(other.status == 0, "\(other)")
    }
}
