import Foundation
import Glibc
import Testing

/// The commands of the README and of the manuals' examples, run as they stand there, on the hosts they name.
@Suite(.needs("script", "jq", "tcpdump", "tshark"), .serialized)
struct DocumentationTests {
    /// A command at a prompt, and what the document shows of its output.
    struct Example: CustomStringConvertible {
        let host: String
        var command: String
        var output: [String] = []

        var isListener: Bool { command.hasPrefix("afprobe listen") }
        var description: String { "\(host)$ \(command)" }
    }

    // MARK: README

    @Test func theReadmeShowsWhatHappens() throws {
        let readme = try text(of: "README.md")
        let blocks = readme.components(separatedBy: "```console\n").dropFirst()
            .map { $0.components(separatedBy: "```")[0] }
        #expect(blocks.count > 5)
        for block in blocks { try run(examples(in: block.components(separatedBy: "\n"))) }
    }

    /// Every command to build that the README shows is known to make(1).
    @Test func theReadmesTargetsExist() throws {
        let readme = try text(of: "README.md")
        let lines = readme.components(separatedBy: "```sh\n").dropFirst()
            .flatMap { $0.components(separatedBy: "```")[0].split(separator: "\n") }
            .map { $0.prefix { $0 != "#" }.trimmingCharacters(in: .whitespaces) }
        let targets = lines.compactMap { $0.firstMatch(of: /^(?:sudo )?make (\S+)$/)?.output.1 }
        #expect(Set(targets).isSuperset(of: ["demo", "test", "build", "install", "uninstall"]))
        for target in targets {
            let root = DocumentedHosts.root.path
            let result = try Program.run(["make", "-C", root, "--dry-run", String(target)])
            #expect(result.status == 0, "\(result)")
        }
        // The rest of them is tested elsewhere: with an installation, with the package, and between Vagrant's hosts.
        let others = lines.filter { !$0.contains("make ") && !$0.hasPrefix("vagrant ") }
        #expect(
            others == [
                "sudo apt install ./afprobe_0.1.0_amd64.deb", "sudo usermod -aG afprobe \"$USER\"",
                "sudo setcap cap_net_raw,cap_net_admin+ep /usr/local/bin/afprobe",
            ])
    }

    @Test func theDemoShowsWhatItSays() throws {
        let demo = DocumentedHosts.root.appending(path: "Tests/Environment/demo").path
        let result = try Program.run([
            "unshare", "--mount", "sh", "-euc", "mount -t tmpfs tmpfs /run; \(demo) \(Tool.afprobe)",
        ])
        #expect(result.status == 0, "\(result)")
        #expect(result.output.contains("All 3 probes were stamped and seen"), "\(result)")
    }

    // MARK: Manuals

    @Test func thePagesAreAskedForByName() throws {
        let sections = try Program.run([Tool.afprobe, "--generate-manual", "afprobe-send"])
        #expect(sections.status == 0 && sections.output.contains("\n.Sh OPTIONS\n"), "\(sections)")
        for (arguments, words) in [
            (["--generate-manual"], "needs a value: afprobe|afprobe-send|"),
            (["--generate-manual", "send"], "one of afprobe, afprobe-send, "),
            (["--generate-manual=afprobe", "more"], "Unexpected argument 'more'"),
        ] {
            let result = try Program.run([Tool.afprobe] + arguments)
            #expect(result.status == 2 && result.errors.contains(words), "\(result)")
        }
    }

    @Test func theManualsExamplesRun() throws {
        let folder = DocumentedHosts.root.appending(path: "man")
        let pages = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.contains(/\.[157]$/) }
        #expect(pages.count > 8)
        for page in pages.sorted() {
            let examples = examples(inManual: try text(of: "man/\(page)"))
            #expect(!examples.isEmpty, "\(page)")
            try run(examples)
        }
    }

    @Test func theManualsHaveTheSectionsThatReadersLookFor() throws {
        let folder = DocumentedHosts.root.appending(path: "man")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        for file in files where file.contains(/\.[157]$/) {
            let lines = try text(of: "man/\(file)").components(separatedBy: "\n")
            for section in ["EXIT STATUS", "EXAMPLES", "SEE ALSO"] {
                #expect(lines.contains(".Sh \(section)"), "\(file): \(section)")
            }
        }
    }

    /// Each fault that the page describes is told by the program, and provoked by a test.
    @Test func theFaultsAreTold() throws {
        func all(_ folder: String, but name: String) throws -> String {
            let files = FileManager.default.enumerator(
                atPath: DocumentedHosts.root.appending(path: folder).path)
            var text = ""
            while let file = files?.nextObject() as? String {
                guard !file.hasSuffix(name), let content = try? self.text(of: "\(folder)/\(file)") else {
                    continue
                }
                text += content
            }
            return text
        }
        let sources = try all("Sources/afprobe", but: "none")
        let tests = try all("Tests", but: "DocumentationTests.swift")
        let page = try text(of: "man/afprobe-faults.7").components(separatedBy: "\n")
        let faults = page.filter { $0.hasPrefix(".It Qq ") }.map {
            // What would be a macro is escaped.
            String($0.dropFirst(7)).replacing("\\&", with: "")
        }
        #expect(faults.count > 15)
        for fault in faults {
            let (isTold, isTested) = (sources.contains(fault), tests.contains(fault))
            #expect(isTold && isTested, "\(fault)")
        }
    }

    /// The commands at a prompt in a page's displays, with the output that the same display shows.
    private func examples(inManual page: String) -> [Example] {
        var displays: [[String]] = []
        var isDisplay = false
        for line in page.components(separatedBy: "\n") {
            if line.hasPrefix(".Ed") { isDisplay = false }
            if line.hasPrefix(".Dl ") { displays.append([String(line.dropFirst(4))]) }
            if isDisplay { displays[displays.count - 1].append(line.replacing("\\e", with: "\\")) }
            if line.hasPrefix(".Bd") {
                isDisplay = true
                displays.append([])
            }
        }
        return displays.flatMap { examples(in: $0) }
    }

    // MARK: Running

    private func text(of file: String) throws -> String {
        try String(contentsOf: DocumentedHosts.root.appending(path: file), encoding: .utf8)
    }

    /// `alpha$ command`, or `$ command` and `# command` on any host; further lines of a command follow one that ends in
    /// a backslash or a pipe, or within quotes.
    private func examples(in lines: [String]) -> [Example] {
        var examples: [Example] = []
        var isContinued = false
        for line in lines {
            if isContinued {
                examples[examples.count - 1].command += "\n" + line
            } else if let prompt = line.firstMatch(of: /^(alpha|beta|)[$#] (.*)$/) {
                let host = prompt.output.1.isEmpty ? "alpha" : String(prompt.output.1)
                examples.append(Example(host: host, command: String(prompt.output.2)))
            } else if !examples.isEmpty, !line.isEmpty {
                examples[examples.count - 1].output.append(line)
                continue
            } else {
                continue
            }
            let isQuoted = !(examples.last?.command.count { $0 == "'" } ?? 0).isMultiple(of: 2)
            isContinued = line.hasSuffix("\\") || line.hasSuffix("|") || isQuoted
        }
        return examples
    }

    /// Runs commands one after the other; a listener in the background, where it has something to hear, and where none
    /// is shown one that answers.
    private func run(_ examples: [Example]) throws {
        let hosts = try DocumentedHosts()
        // Some write files, and others read them.
        let folder = FileManager.default.temporaryDirectory.appending(path: "afpt-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        var listeners: [(Example, Program)] = []
        for example in examples where example.isListener {
            listeners.append((example, try start(example, on: hosts, in: folder)))
        }
        let other = Example(host: "beta", command: "afprobe listen -i eth0 -q")
        let companion = listeners.isEmpty ? try start(other, on: hosts, in: folder) : nil
        for example in examples where !example.isListener {
            let result = try start(example, on: hosts, in: folder).finish()
            expect(result, of: example)
        }
        if let companion { _ = try companion.interrupt() }
        for (example, listener) in listeners {
            let probes = "afprobe send -q -i eth0 -d 02:42:ac:c8:01:62 -c 10 -I 1ms"
            for udp in ["", " --udp --dst-addr 192.168.56.102"] {
                try Program.expect(hosts.command(["sh", "-c", probes + udp], on: "alpha"))
            }
            // One that counts ends by itself, and so do the programs that read it.
            let isCounting = example.command.contains(" -c ")
            expect(try isCounting ? listener.finish() : listener.interrupt(), of: example)
        }
    }

    /// Starts a command, on a terminal unless it is a listener, which returns when it listens.
    private func start(_ example: Example, on hosts: DocumentedHosts, in folder: URL) throws -> Program {
        let typed = example.command.hasSuffix(" &") ? String(example.command.dropLast(2)) : example.command
        let enter = "cd \(folder.path); "
        // What stands in front of a pipe must succeed, too.
        let checked = enter + "set -o pipefail; \(typed)"
        // A listener alone gets the signal that ends it.
        let words =
            example.isListener
            ? ["bash", "-c", typed.contains("|") ? checked : enter + "exec \(typed)"]
            : ["script", "-qec", checked, "/dev/null"]
        let program = try Program(
            hosts.command(words, on: example.host), environment: ["NO_COLOR": "1", "SHELL": "/bin/bash"])
        guard example.isListener else { return program }
        for _ in 0..<1_000 {
            let sockets = try Program.run(hosts.command(["cat", "/proc/net/packet"], on: example.host))
            if sockets.output.contains(" 0003 ") { return program }
            usleep(10_000)
        }
        throw Program.Failure(description: "waited in vain for: \(example)\n\(program.output)")
    }

    /// The command succeeded, or found what a veth pair is; and what the document shows has the parts of what came.
    private func expect(_ result: Program.Result, of example: Example) {
        // Hardware stamps, and times that a loaded machine may exceed.
        let others: [Int32] =
            example.command.contains("hwstamp-config") || example.command.contains("--hardware on")
            ? [3] : example.command.contains("--fail-if") ? [0, 4] : [0]
        #expect(others.contains(result.status), "\(example)\n\(result)")
        let came = Set(lines(of: result.output + "\n" + result.errors).map(outline))
        for line in lines(of: example.output.joined(separator: "\n")) {
            #expect(came.contains(outline(line)), "\(example)\n\(line)\n\(result)")
        }
    }

    /// The lines of a text, folded ones joined: a page has fewer columns than a terminal.
    private func lines(of text: String) -> [String] {
        text.replacing("\r\n", with: "\n").replacing(#/\n {11}(?=\S)/#, with: " ")
            .split(separator: "\n").map(String.init)
    }

    /// A line without its figures: of a log line the message and the keys, of any other the text before the first
    /// digit.
    private func outline(_ line: String) -> String {
        // A status line may stand in front, erased.
        let line = line.components(separatedBy: "\u{1b}[K").last ?? line
        // It is another part on another machine.
        let largest = "most of it is "
        if line.hasPrefix(largest) { return largest }
        let log: (message: Substring, fields: Substring)
        if let match = line.firstMatch(of: /^(?:INFO|WARN|ERRO)\[\d+\] (.*?)  +(.*)$/) {
            log = (match.output.1, match.output.2)
        } else if let match = line.firstMatch(of: /^time=\S+ level=\w+ msg="(.*?)" (.*)$/) {
            log = (match.output.1, match.output.2)
        } else {
            // Columns are as wide as their figures; the seconds of a line's time are no figure that it shows.
            let words = line.replacing(#/^(?:INFO|WARN|ERRO)\[\d+\] /#, with: "")
            return words.prefix { !$0.isNumber && $0 != "-" }.split(whereSeparator: \.isWhitespace)
                .joined(separator: " ")
        }
        let keys = log.fields.matches(of: /(\w+)=(?:"[^"]*"|\S+)/).map { String($0.output.1) }
        return "\(log.message): \(keys.joined(separator: " "))"
    }
}
