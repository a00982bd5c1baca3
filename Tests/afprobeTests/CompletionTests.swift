import Foundation
import Testing

@testable import afprobe

@Suite struct CompletionTests {
    private let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
    private let commands = Program.commands.map(\.description)

    /// The committed scripts are those that the declarations give; `make completions` renews them.
    @Test(arguments: [(Shell.bash, "afprobe.bash"), (.zsh, "_afprobe"), (.fish, "afprobe.fish")])
    func committedScriptsAreCurrent(shell: Shell, file: String) throws {
        let committed = try String(contentsOf: root.appending(path: "completions/\(file)"), encoding: .utf8)
        #expect(committed == shell.completionScript(for: commands), "run make completions")
    }

    @Test func bashCompletesCommandsOptionsAndValues() throws {
        #expect(try complete("se") == ["send"])
        #expect(try complete("send", "--interv") == ["--interval"])
        #expect(try complete("send", "--format", "") == ["auto", "text", "logfmt", "json"])
        #expect(try complete("ping", "-i", "l") == ["lo"])
        #expect(try complete("hwstamp", "l") == ["lo"])
        #expect(try complete("hwstamp-config", "lo", "--tx", "on") == ["on", "onestep-sync", "onestep-p2p"])
        #expect(try complete("help", "lis") == ["listen"])
    }

    @Test func bashCompletesBehindAnEqualsSign() throws {
        #expect(try complete("send", "--format", "=") == ["auto", "text", "logfmt", "json"])
        #expect(try complete("send", "--format", "=", "j") == ["json"])
    }

    /// An interface may have any name; none is run.
    @Test func bashExpandsNoInterfaceName() throws {
        let script = try String(contentsOf: root.appending(path: "completions/afprobe.bash"), encoding: .utf8)
        let folder = FileManager.default.temporaryDirectory.appending(path: "afpt-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        for name in ["$(id)", "`id`", "$HOME"] {
            try FileManager.default.createDirectory(
                at: folder.appending(path: name), withIntermediateDirectories: true)
            try Data().write(to: folder.appending(path: "\(name)/ifindex"))
        }
        let copy = folder.appending(path: "script")
        try script.replacing("/sys/class/net", with: folder.path).write(
            to: copy, atomically: true, encoding: .utf8)
        let offered = try complete(["hwstamp", ""], script: copy.path)
        #expect(Set(offered) == ["\\$\\(id\\)", "\\`id\\`", "\\$HOME"])
    }

    /// The candidates that bash offers for the last of the words.
    private func complete(_ words: String...) throws -> [String] {
        try complete(words, script: root.appending(path: "completions/afprobe.bash").path)
    }

    private func complete(_ words: [String], script: String) throws -> [String] {
        let quoted = words.map { "'\($0)'" }.joined(separator: " ")
        let process = Process()
        process.executableURL = URL(filePath: "/bin/bash")
        process.arguments = [
            "-c",
            """
            source '\(script)'; COMP_WORDS=(afprobe \(quoted)); COMP_CWORD=\(words.count)
            _afprobe; printf '%s\\n' "${COMPREPLY[@]}"
            """,
        ]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return output.split(separator: "\n").map(String.init)
    }
}
