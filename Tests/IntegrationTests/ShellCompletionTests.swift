import Foundation
import Testing

/// The candidates that zsh and fish themselves offer where the user presses the tabulator, and bash's function for the
/// words that bash makes of the line; more of it is tested beside the declarations.
@Suite(.needs("zsh", "fish", "script"))
struct ShellCompletionTests {
    enum Shell: CaseIterable {
        case bash
        case zsh
        case fish
    }

    private static let cases: [(typed: String, offered: Set<String>)] = [
        ("afprobe se", ["send"]),
        ("afprobe lis", ["listen"]),
        ("afprobe hw", ["hwstamp", "hwstamp-config"]),
        ("afprobe --vers", ["--version"]),
        ("afprobe --generate-completion-script ", ["bash", "zsh", "fish"]),
        ("afprobe help lis", ["listen"]),
        ("afprobe send --interv", ["--interval"]),
        ("afprobe send --in", ["--interface", "--interval"]),
        ("afprobe send --format ", ["auto", "text", "logfmt", "json"]),
        ("afprobe ping -i va 02:00:00:00:00:02 --color a", ["auto", "always"]),
        ("afprobe hwstamp-config va --tx on", ["on", "onestep-sync", "onestep-p2p"]),
        ("afprobe listen -i ", ["va"]),
        ("afprobe ping -i ", ["lo", "va"]),
        ("afprobe ping -i va ", ["02:00:00:00:00:02"]),
        ("afprobe ping -i lo ", []),
        ("afprobe ping -iva 02:00:0", ["02:00:00:00:00:02"]),
        ("afprobe send -i va -d ", ["02:00:00:00:00:02"]),
        ("afprobe send -d 02:", ["02:00:00:00:00:02"]),
        ("afprobe send --interface=va --dst-mac=02:00", ["02:00:00:00:00:02"]),
        ("afprobe send -d 03", []),
        ("afprobe ping --fail-if rt", ["rtt"]),
        ("afprobe ping --fail-if rtt.p99", ["rtt.p99", "rtt.p99.9"]),
        ("afprobe ping --fail-if loss,network.sp", ["network.spread"]),
        ("afprobe listen --interface v", ["va"]),
        ("afprobe hwstamp ", ["va"]),
        ("afprobe hwstamp lo v", ["va"]),
        ("afprobe hwstamp-config v", ["va"]),
    ]

    @Test(arguments: Shell.allCases)
    func offersCommandsOptionsAndValues(shell: Shell) throws {
        let hosts = try Namespaces()
        for (typed, expected) in Self.cases {
            let offered = try offered(for: typed, by: shell, on: hosts.near)
            #expect(offered == expected, "\(shell): \(typed)")
        }
    }

    /// All options of a command, those of no other, and none that is not there.
    @Test(arguments: Shell.allCases)
    func offersEveryOption(shell: Shell) throws {
        let hosts = try Namespaces()
        let help = try hosts.near.afprobe("help", "listen").finish()
        let options = help.output.matches(of: /--[a-z-]+(?= |\[|$)/.anchorsMatchLineEndings()).map {
            String($0.output)
        }
        let offered = try offered(for: "afprobe listen --", by: shell, on: hosts.near)
        #expect(offered.count > 10)
        #expect(offered.subtracting(options) == [])
        #expect(offered.isSuperset(of: ["--interface", "--stats", "--no-reply", "--help"]), "\(offered)")
        #expect(!offered.contains("--dst-mac"))
    }

    // MARK: The shells

    private let completions = DocumentedHosts.root.appending(path: "completions").path

    private func offered(for typed: String, by shell: Shell, on host: Namespaces.Host) throws -> Set<String> {
        switch shell {
        case .bash: try offeredByBash(for: typed, on: host)
        case .zsh: try offeredByZsh(for: typed, on: host)
        case .fish: try offeredByFish(for: typed, on: host)
        }
    }

    /// Bash takes words apart at colons and equals signs, and replaces what follows the last of them.
    private func offeredByBash(for typed: String, on host: Namespaces.Host) throws -> Set<String> {
        let words = typed.split(separator: " ", omittingEmptySubsequences: false).flatMap { word in
            let parts = word.matches(of: /[:=]+|[^:=]+/).map { String($0.output) }
            return parts.isEmpty ? [""] : parts
        }
        let script = """
            source \(completions)/afprobe.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
            _afprobe; for reply in "${COMPREPLY[@]}"; do printf '%s\\n' "$reply"; done
            """
        let result = try Program(host.command(["bash", "--norc", "-c", script, "bash"] + words)).finish()
        let last = typed.split(separator: " ", omittingEmptySubsequences: false).last ?? ""
        let kept = last.contains("=") ? last.drop { $0 != "=" }.dropFirst() : last
        let before = kept.lastIndex(of: ":").map { kept[...$0] } ?? ""
        return Set(result.lines.map { normalised(before + $0) })
    }

    /// A limit's last name, without the full stop that a statistic follows.
    private func normalised(_ candidate: String) -> String {
        let name = candidate.split(separator: ",").last.map(String.init) ?? candidate
        return name.hasSuffix(".") ? String(name.dropLast()) : name
    }

    private func offeredByFish(for typed: String, on host: Namespaces.Host) throws -> Set<String> {
        let script = "source \(completions)/afprobe.fish; complete -C '\(typed)'"
        let result = try Program(
            host.command(["fish", "--no-config", "-c", script]), environment: ["HOME": "/nonexistent"]
        ).finish()
        // Each with its explanation behind a tabulator.
        return Set(
            result.lines.compactMap { line in
                line.split(separator: "\t").first.map { candidate in
                    // Fish offers the whole word, as an option with its value.
                    normalised(
                        candidate.hasPrefix("--") && candidate.contains("=")
                            ? String(candidate.drop { $0 != "=" }.dropFirst()) : String(candidate))
                }
            })
    }

    /// Zsh completes only in its line editor, and that needs a terminal; what it offers is noted on the way.
    private func offeredByZsh(for typed: String, on host: Namespaces.Host) throws -> Set<String> {
        let folder = FileManager.default.temporaryDirectory.appending(path: "afpt-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let startup = """
            fpath=(\(completions) $fpath)
            autoload -U compinit
            compinit -D -u
            # Calls with one of these options ask what would match, and offer nothing.
            compadd() {
                if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]]; then builtin compadd "$@"; return; fi
                local -a matches
                builtin compadd -A matches "$@"
                print -rl -- $matches >>\(folder.path)/offered
                builtin compadd "$@"
            }
            zle-line-init() {
                BUFFER=$TYPED
                CURSOR=$#BUFFER
                zle complete-word
                exit
            }
            zle -N zle-line-init
            """
        try startup.write(to: folder.appending(path: ".zshrc"), atomically: true, encoding: .utf8)
        _ = try Program(
            host.command(["script", "-qec", "zsh -i", "/dev/null"]),
            environment: ["ZDOTDIR": folder.path, "TYPED": typed]
        ).finish()
        let file = folder.appending(path: "offered")
        // Without candidates, nothing is noted.
        let noted = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
        return Set(noted.split(separator: "\n").map(String.init))
    }
}
