// The completions of fish.

func fishScript(_ commands: [CommandDescription]) -> String {
    let names = commands.map(\.name).joined(separator: " ")
    var text = """
        # fish completion for afprobe, made by: afprobe --generate-completion-script fish

        # With a kind of link (ARPHRD_), only interfaces of that kind.
        function __afprobe_interfaces
            for path in /sys/class/net/*
                test -e $path/ifindex; or continue
                set -q argv[1]; and test (cat $path/type) != $argv[1]; and continue
                string replace -r '.*/' '' $path
            end
        end

        # The MAC addresses of the neighbours on the interface that is given, or on all.
        function __afprobe_neighbours
            set -l interface
            set -l previous
            for word in (commandline -opc)
                string match -qr -- '^(-i|--interface)$' "$previous"; and set interface dev $word
                string match -q -- '--interface=*' $word; and set interface dev (string replace -- --interface= '' $word)
                string match -qr -- '^-i.' $word; and set interface dev (string replace -r -- '^-i' '' $word)
                set previous $word
            end
            begin
                ip neigh show $interface 2>/dev/null; or cat /proc/net/arp
            end | string replace -rf '.*?\\b((?:[0-9a-f]{2}:){5}[0-9a-f]{2})\\b.*' '$1' | string match -v 00:00:00:00:00:00 | sort -u
        end

        function __afprobe_cpus
            for range in (string split , (cat /sys/devices/system/cpu/online))
                set -l ends (string split - $range)
                seq $ends[1] $ends[-1]
            end
        end

        # The names in limits, also behind a comma: a figure, and then its statistic.
        function __afprobe_limits
            set -l typed (commandline -ct | string replace -r '^--fail-if=' '' | string trim -l -c '\\'"')
            set -l name (string replace -r '.*,' '' -- "$typed")
            set -l before (string replace -r '[^,]*$' '' -- "$typed")
            if string match -q '*.*' -- "$name"
                string join \\n $before(string replace -r '\\..*' '' -- $name).{\(
                    LimitNames.statistics.split(separator: " ").joined(separator: ","))}
            else
                string join \\n $before{\(LimitNames.figures.split(separator: " ").joined(separator: ","))}. \\
                    $before{\(LimitNames.others.split(separator: " ").joined(separator: ","))}
            end
        end

        complete -c afprobe -f
        complete -c afprobe -n __fish_use_subcommand -l help -d 'Show the commands'
        complete -c afprobe -n __fish_use_subcommand -l version -d 'Show the version'
        complete -c afprobe -n __fish_use_subcommand -x -l generate-completion-script -a '\(
            Shell.allCases.map(\.rawValue).joined(separator: " "))'
        complete -c afprobe -n __fish_use_subcommand -a help -d 'Show how a command is used'
        complete -c afprobe -n '__fish_seen_subcommand_from help' -a '\(names)'

        """
    for command in commands {
        text += "complete -c afprobe -n __fish_use_subcommand -a \(command.name)"
        text += " -d '\(fishQuoted(command.summary))'\n"
        let condition = "-n '__fish_seen_subcommand_from \(command.name)'"
        for option in command.options {
            text += "complete -c afprobe \(condition)"
            if let short = option.short { text += " -s \(short)" }
            text += " -l \(option.long)"
            if case .value = option.arity { text += option.completion == .files ? " -r -F" : " -x" }
            if let words = fishWords(option.completion) { text += " -a \(words)" }
            text += " -d '\(fishQuoted(option.summary))'\n"
        }
        if let words = command.operands.first.flatMap({ fishWords($0.completion) }) {
            text += "complete -c afprobe \(condition) -a \(words)\n"
        }
    }
    return text
}

private func fishWords(_ completion: Completion) -> String? {
    switch completion {
    case .nothing, .files: nil
    case .interfaces: "'(__afprobe_interfaces)'"
    case .ethernetInterfaces: "'(__afprobe_interfaces 1)'"
    case .neighbours: "'(__afprobe_neighbours)'"
    case .cpus: "'(__afprobe_cpus)'"
    case .limits: "'(__afprobe_limits)'"
    case .values(let values): "'\(values.joined(separator: " "))'"
    }
}

private func fishQuoted(_ text: String) -> String {
    text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "\\'")
}
