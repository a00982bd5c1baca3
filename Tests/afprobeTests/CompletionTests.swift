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
        #expect(try complete("hwstamp", "l") == [])
        #expect(try complete("hwstamp-config", "lo", "--tx", "on") == ["on", "onestep-sync", "onestep-p2p"])
        #expect(try complete("help", "lis") == ["listen"])
    }

    @Test func bashCompletesLimits() throws {
        #expect(try complete("ping", "--fail-if", "rt") == ["rtt."])
        #expect(try complete("ping", "--fail-if", "'rtt.p99") == ["rtt.p99", "rtt.p99.9"])
        #expect(try complete("ping", "--fail-if", "loss>1%,network.sp") == ["loss>1%,network.spread"])
        #expect(try complete("ping", "--fail-if", "=", "lo") == ["loss", "lost", "lost_reached"])
        #expect(try complete("ping", "--fail-if", "$(touch x).p90") == ["$(touch x).p90"])
    }

    @Test func bashCompletesCPUs() throws {
        let offered = try complete("listen", "--cpu", "")
        #expect(!offered.isEmpty && offered.allSatisfy { UInt64($0) != nil })
        #expect(Set(offered).count == offered.count)
    }

    /// Each option has a line that fits beside it.
    @Test func descriptionsAreShort() {
        for command in commands {
            for option in command.options {
                #expect((3...60).contains(option.summary.count), "\(option.summary)")
                #expect(!option.summary.hasSuffix(".") && !option.summary.hasSuffix(","))
            }
        }
        func summary(_ help: String) -> String {
            OptionDescription(
                long: "x", short: nil, arity: .flag, section: .general, help: help, completion: .nothing,
                isRequired: false
            ).summary
        }
        let long = "which is followed by more than fits into a line of sixty characters"
        #expect(summary("Short, as it is. More.") == "Short, as it is")
        #expect(summary("A clause, \(long).") == "A clause")
        #expect(summary("A list: one, \(long).") == "A list")
        #expect(summary("With --udp: also do this, \(long).") == "With --udp: also do this")
        #expect(summary("No clause \(long).") == "No clause which is followed by more than fits into a line…")
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
            try Data("1\n".utf8).write(to: folder.appending(path: "\(name)/type"))
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
        let quoted = words.map { "'\($0.replacing("'", with: "'\\''"))'" }.joined(separator: " ")
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
