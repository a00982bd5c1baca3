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

    /// What bash offers for the last of the words.
    private func complete(_ words: String...) throws -> [String] {
        let script = root.appending(path: "completions/afprobe.bash").path
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
