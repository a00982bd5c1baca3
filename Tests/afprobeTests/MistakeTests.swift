import Testing

@testable import afprobe

/// Command lines that people write by the habit of other programs, and what they are told.
@Suite struct MistakeTests {
    /// The hint for a wrong line; nil if the line is right.
    private func hint(_ line: String) throws -> String? {
        let words = split(line)
        let command = try #require(Program.commands.first { $0.description.name == words[0] })
        do throws(ArgumentError) {
            _ = try command.parse(Array(words.dropFirst()))
            return nil
        } catch {
            return explained(error, TypedLine(words: words)).hint(command: words[0])
        }
    }

    /// A line that is known to be still wrong is not shown.
    @Test func aLineThatStaysWrongIsNotOffered() throws {
        #expect(try hint("ping -c 1,000 127.0.0.1 --bogus")?.contains("afprobe ping -c") == false)
    }

    /// The words between blanks or apostrophes.
    private func split(_ line: String) -> [String] {
        line.split(separator: "'", omittingEmptySubsequences: false).enumerated().flatMap { index, part in
            index.isMultiple(of: 2) ? part.split(separator: " ").map(String.init) : [String(part)]
        }
    }

    @Test(arguments: [
        "send -i x0 02:00:00:00:00:02", "send x0 02:00:00:00:00:02", "send 02:00:00:00:00:02 x0",
        "send 02:00:00:00:00:02 -i x0", "send -i x0 -d 192.0.2.7", "send -i x0 192.0.2.7 --udp", "listen x0",
        "listen x0 -q",
        "hwstamp -i x0", "hwstamp --interface=x0 -i x1", "hwstamp-config -i x0",
        "hwstamp-config -ix0 --tx ON",
        "listen -i x0@if2", "ping -i x0: 02-00-00-00-00-02", "listen -i x0 --json",
        "ping --logfmt --text 192.0.2.7",
        "listen -i x0 --realtime 50", "ping --realtime 5 192.0.2.7", "ping --protocol ICMP6 fe80::2%x0",
        "send x0 0200.0000.0002 -s 64B --rate 10kpps -c 1.5k",
        "send -i x0 -d 2:0:0:0:0:2 -I '10 ms' -w 1m30s",
        "ping 192.0.2.7 --fail-if 'rtt.avg > 1 ms, loss>1%'",
    ])
    func acceptsWhatIsPlain(line: String) throws { #expect(try hint(line) == nil) }

    @Test(arguments: [
        (
            "ping -i 0.2 -I lo 02:00:00:00:00:02",
            "-i is the interface and -I the interval: afprobe ping -i lo -I 0.2 02:00:00:00:00:02"
        ),
        (
            "listen -i lo --filter ether src 02:00:00:00:00:02",
            "an expression is one word behind --filter: afprobe listen -i lo --filter 'ether src 02:00:00:00:00:02'"
        ),
        (
            "listen -i lo --filter=udp port 319 -q",
            "the port is an option: afprobe listen -i lo --udp --dst-port 319 -q"
        ),
        ("listen -ilo -n", "no address is looked up; leave -n out: afprobe listen -ilo"),
        ("ping -i 0.2 192.0.2.7", "-i is the interface and -I the interval: afprobe ping -I 0.2 192.0.2.7"),
        ("ping -I lo 192.0.2.7", "-i is the interface and -I the interval: afprobe ping -i lo 192.0.2.7"),
        (
            "ping --interface 1s --interval=1,5 192.0.2.7",
            "-i is the interface and -I the interval: afprobe ping --interval 1s --interval=1.5 192.0.2.7"
        ),
        (
            "ping -I 192.0.2.1 192.0.2.7",
            "-I is the interval, --src-addr the source: afprobe ping --src-addr 192.0.2.1 192.0.2.7"
        ),
        ("ping -i0.2 192.0.2.7", "-i is the interface and -I the interval: afprobe ping -I 0.2 192.0.2.7"),
        (
            "ping -qi 0.2 192.0.2.7",
            "-i is the interface and -I the interval: afprobe ping -q -I 0.2 192.0.2.7"
        ),
        (
            "ping --interval=lo 192.0.2.7",
            "-i is the interface and -I the interval: afprobe ping -i lo 192.0.2.7"
        ),
        (
            "ping -c 5 -i lo -i 0.2 192.0.2.7",
            "-i is the interface and -I the interval: afprobe ping -c 5 -i lo -I 0.2 192.0.2.7"
        ),
        (
            "listen -i lo udp port 319 -c 5",
            "the port is an option: afprobe listen -i lo --udp --dst-port 319 -c 5"
        ),
        ("listen -I lo", "-I is -i here: afprobe listen -i lo"),
        ("listen lo -qw1,5", "did you mean: afprobe listen lo -q -w 1.5"),
        (
            "listen -i lo -w out.pcap",
            "-w is the deadline; to write a capture: afprobe listen -i lo --pcap out.pcap"
        ),
        (
            "listen -i lo -nn -e",
            "no address is looked up; leave -n out; -e is -v here: afprobe listen -i lo -v"
        ),
        (
            "listen -i lo host 192.0.2.7 and udp",
            "an expression is one word behind --filter: afprobe listen -i lo --udp --filter 'host 192.0.2.7 and "
                + "udp'"
        ),
        ("listen 192.0.2.7", "listen takes an interface; to ping that host: afprobe ping 192.0.2.7"),
        (
            "listen -q 02:00:00:00:00:02 -i lo",
            "listen takes an interface; to ping that host: afprobe ping 02:00:00:00:00:02 -q -i lo"
        ),
        ("ping 02:00:00:00:00:02 lo", "the interface is an option: afprobe ping -i lo 02:00:00:00:00:02"),
        (
            "ping -q lo 02:00:00:00:00:02",
            "the interface is an option: afprobe ping -q -i lo 02:00:00:00:00:02"
        ),
        ("ping -f 192.0.2.7", "a flood is -I 0 here: afprobe ping -I 0 -q 192.0.2.7"),
        ("ping -t 5 192.0.2.7", "-t is --ttl here: afprobe ping --ttl 5 192.0.2.7"),
        ("ping -qt5 192.0.2.7", "-t is --ttl here: afprobe ping -q --ttl 5 192.0.2.7"),
        ("ping -M do 192.0.2.7", "-M do is --df here: afprobe ping --df 192.0.2.7"),
        (
            "ping -Q 0x10 192.0.2.7",
            "--dscp takes the upper six bits of a TOS: afprobe ping --dscp 4 192.0.2.7"
        ),
        (
            "ping -Dn 192.0.2.7",
            "the lines of --format logfmt carry the time; no address is looked up; leave -n out: afprobe ping --format logfmt "
                + "192.0.2.7"
        ),
        ("ping -b 192.0.2.7", "afprobe has nothing like it; leave -b out: afprobe ping 192.0.2.7"),
        ("ping -c 192.0.2.7", "-c is the number of requests: afprobe ping 192.0.2.7"),
        ("ping http://host.example/x", "did you mean: afprobe ping host.example"),
        ("ping 192.0.2.7:319", "did you mean: afprobe ping 192.0.2.7"),
        (
            "ping --fail-if 'rtt>1ms' 192.0.2.7",
            "did you mean: afprobe ping --fail-if 'rtt.p99>1ms' 192.0.2.7"
        ),
        ("ping '--fail-if=loss>1' 192.0.2.7", "did you mean: afprobe ping '--fail-if=loss>1%' 192.0.2.7"),
        ("ping -o JSON 192.0.2.7", "the format is --format: afprobe ping --format json 192.0.2.7"),
        ("hwstamp -T lo", "hwstamp shows what ethtool -T does; leave -T out: afprobe hwstamp lo"),
        ("hwstamp -j", "the format is --format: afprobe hwstamp --format json"),
        (
            "hwstamp-config lo -t 1 -r 12",
            "-t is --tx here; -r is --rx here: afprobe hwstamp-config lo --tx on --rx ptpv2-event"
        ),
        (
            "send lo --dst=02:00:00:00:00:02",
            "--dst is --dst-mac here: afprobe send lo --dst-mac 02:00:00:00:00:02"
        ),
        (
            "send lo -d 02:00:00:00:00:02 --cuont=5",
            "did you mean --count? afprobe send lo -d 02:00:00:00:00:02 --count=5"
        ),
        (
            "send lo -d 02:00:00:00:00:02 --quite",
            "did you mean --quiet? afprobe send lo -d 02:00:00:00:00:02 --quiet"
        ),
    ])
    func answersWithTheRightLine(line: String, expected: String) throws {
        #expect(try hint(line) == expected)
    }

    /// Options, words and values of other programs, a row each, and the line to write here.
    @Test(arguments: [
        ("ping --ntp 192.0.2.7", "afprobe ping --protocol ntp 192.0.2.7"),
        ("ping --arp 192.0.2.7", "afprobe ping --protocol arp 192.0.2.7"),
        ("ping -q --icmp 192.0.2.7", "afprobe ping -q --protocol icmp 192.0.2.7"),
        ("ping --ndp fe80::2%lo", "afprobe ping --protocol ndp fe80::2%lo"),
        ("ping -i lo --pdelay", "afprobe ping -i lo --protocol pdelay"),
        ("ping --delay 192.0.2.7", "afprobe ping --protocol delay 192.0.2.7"),
        ("ping --delay 10ms 192.0.2.7", "afprobe ping --interval 10ms 192.0.2.7"),
        ("ping -I 5 ms 192.0.2.7", "afprobe ping -I 5ms 192.0.2.7"),
        ("ping -I5 ms 192.0.2.7", "afprobe ping -I5ms 192.0.2.7"),
        ("send lo 02:00:00:00:00:02 -s 64 bytes", "afprobe send lo 02:00:00:00:00:02 -s 64bytes"),
        ("send lo 02:00:00:00:00:02 --rate 10 kpps", "afprobe send lo 02:00:00:00:00:02 --rate 10kpps"),
        ("ping -c 5 ping 192.0.2.7", "afprobe ping -c 5 192.0.2.7"),
        ("ping --interval u1000 192.0.2.7", "afprobe ping --interval 1ms 192.0.2.7"),
        ("ping -i u1000 192.0.2.7", "afprobe ping -I 1ms 192.0.2.7"),
        ("ping -i u50 192.0.2.7", "afprobe ping -I 50us 192.0.2.7"),
        ("ping --flood 192.0.2.7", "afprobe ping -I 0 -q 192.0.2.7"),
        ("ping --fast 192.0.2.7", "afprobe ping -I 100ms 192.0.2.7"),
        ("ping --faster 192.0.2.7", "afprobe ping -I 10ms 192.0.2.7"),
        ("ping -p 20 192.0.2.7", "afprobe ping -I 20ms 192.0.2.7"),
        ("ping -S 192.0.2.1 192.0.2.7", "afprobe ping --src-addr 192.0.2.1 192.0.2.7"),
        ("ping -P 192.0.2.7", "leave -P out: afprobe ping 192.0.2.7"),
        ("ping -l 3 192.0.2.7", "leave -l out: afprobe ping 192.0.2.7"),
        ("ping -o 192.0.2.7", "leave -o out: afprobe ping 192.0.2.7"),
        ("ping -1 192.0.2.7", "afprobe ping --protocol icmp 192.0.2.7"),
        ("ping -2 192.0.2.7", "afprobe ping --protocol afprobe --udp 192.0.2.7"),
        ("ping -i lo -d 02:00:00:00:00:02", "afprobe ping -i lo 02:00:00:00:00:02"),
        ("ping -i lo --dst 02:00:00:00:00:02", "afprobe ping -i lo 02:00:00:00:00:02"),
        ("ping --csv 192.0.2.7", "of afprobe-output(5): afprobe ping --format json 192.0.2.7"),
        ("ping --format CSV 192.0.2.7", "of afprobe-output(5): afprobe ping --format json 192.0.2.7"),
        ("listen -i lo udp port 61000", "afprobe listen -i lo --udp"),
        ("listen -i lo udp", "afprobe listen -i lo --udp"),
        ("listen -i lo --udp port 319", "afprobe listen -i lo --udp --dst-port 319"),
        (
            "listen -i lo --port 61000",
            "--port is --dst-port here; add --udp: afprobe listen -i lo --udp --dst-port 61000"
        ),
        ("listen -i lo --address 192.0.2.7", "add --udp: afprobe listen -i lo --udp --address 192.0.2.7"),
        (
            "ping --udp --port 61000 -i lo 02:00:00:00:00:02",
            "afprobe ping --dst-addr ADDR --udp --dst-port 61000 -i lo 02:00:00:00:00:02"
        ),
        (
            "send lo 02:00:00:00:00:02 --src-port 319",
            "add --udp: afprobe send --dst-addr ADDR lo 02:00:00:00:00:02 --udp --src-port 319"
        ),
        ("ping \u{2013}c 5 192.0.2.7", "\u{2013} is not a hyphen: afprobe ping -c 5 192.0.2.7"),
        (
            "listen \u{2013}i lo \u{2014}count=5",
            "\u{2013} is not a hyphen; \u{2014} is not a hyphen: afprobe listen -i lo --count=5"
        ),
        (
            "ping --fail-if 'p99<1ms' 192.0.2.7",
            "a limit names what is too much: afprobe ping --fail-if 'rtt.p99>1ms' 192.0.2.7"
        ),
        (
            "ping --fail-if 'rtt<=1ms,loss>1%' 192.0.2.7",
            "a limit names what is too much: afprobe ping --fail-if 'rtt.p99>1ms,loss>1%' 192.0.2.7"
        ),
        (
            "ping --fail-if 'rtt.p99<50' 192.0.2.7",
            "did you mean: afprobe ping --fail-if 'rtt.p99<50us' 192.0.2.7"
        ),
    ])
    func knowsOtherProgramsWords(line: String, expected: String) throws {
        let hint = try #require(try hint(line))
        #expect(hint.hasSuffix(expected), "\(hint)")
    }

    /// A limit on what is too little is legal where it is written in full.
    @Test func tooLittleIsALimitToo() throws {
        #expect(try hint("ping --fail-if 'rtt.p99<1ms,received<5' 192.0.2.7") == nil)
    }

    /// No line is shown where none does the same.
    @Test(arguments: [
        ("ping 192.0.2.1 192.0.2.7", "one target per run; start one afprobe per host"),
        ("ping -g 192.0.2.0/24", "one target per run; start one afprobe per host"),
        ("ping 192.0.2.0/24", "192.0.2.0/24 is a network, and a run has one target"),
        ("ping fd00:1:2::/64", "fd00:1:2::/64 is a network"),
        ("ping --fail-if rtt.p99 192.0.2.7", "limits in quotes"),
        // Interfaces that do not exist.
        ("ping x0 192.0.2.7", "an interface stands behind -i"),
        ("ping -I x0 192.0.2.7", "expected a duration"), ("listen -i x0 -n", "see 'afprobe help listen'"),
        ("listen -i lo tcp port 80", "see 'afprobe help listen'"),
    ])
    func showsNoLineThatFails(line: String, words: String) throws {
        let hint = try #require(try hint(line))
        #expect(hint.contains(words) && !hint.contains(": afprobe"), "\(hint)")
    }

    /// The help is named if nothing is plain.
    @Test(arguments: [
        "listen -i any", "listen -i x0 -Z", "send -i x0 -o out.pcap", "ping -Q 999 192.0.2.7", "ping -M",
        "hwstamp-config x0 -t 9", "ping -i", "listen x0 x1", "send x0 02:00:00:00:00:02 -d 02:00:00:00:00:03",
        "ping --protocol ptp 192.0.2.7", "listen x0 --realtime 500", "hwstamp --format xml",
        "listen x0 --json=1", "listen x0 -w -5",
        "ping -I -1 192.0.2.7", "ping --fail-if 'rtt.p99>1ms,rtt.p98>5ms' 192.0.2.7",
    ])
    func pointsToTheHelpElse(line: String) throws {
        let hint = try #require(try hint(line))
        #expect(hint.contains("see 'afprobe help"))
        #expect(!hint.contains(": afprobe"))
    }

    @Test(arguments: [
        ("send x0 02:00:00:00:00:02", "--rate 5", "-I 1", "--rate and --interval"),
        ("ping 192.0.2.7", "--rate 5", "--interval 1", "--rate and --interval"),
        ("ping 192.0.2.7", "-A", "-I 1", "--adaptive and --interval"),
        ("ping 192.0.2.7", "-A", "--rate 1", "--adaptive and --rate"),
        ("ping 192.0.2.7", "-4", "-6", "--ipv4 and --ipv6"),
        ("ping 192.0.2.7", "-q", "-v", "--quiet and --verbose"),
        ("listen x0", "-q", "-v", "--quiet and --verbose"),
        ("send x0 02:00:00:00:00:02", "-q", "-v", "--quiet and --verbose"),
        ("send x0 02:00:00:00:00:02", "--no-stamps", "-W 1", "--no-stamps and --timeout"),
    ])
    func refusesPairsInAnyOrder(line: String, one: String, other: String, names: String) throws {
        for options in ["\(one) \(other)", "\(other) \(one)"] {
            let words = split("\(line) \(options)")
            let command = try #require(Program.commands.first { $0.description.name == words[0] })
            do throws(ArgumentError) {
                _ = try command.parse(Array(words.dropFirst()))
                Issue.record("\(words) is accepted")
            } catch { #expect(error.message == "\(names) exclude each other") }
        }
    }

    /// Every exclusion, shorthand and habit names options that are there.
    @Test func namesOptionsThatExist() {
        func check<Values>(_ spec: CommandSpec<Values>) {
            let names = spec.options.map(\.description.long)
            for (one, other) in spec.exclusions { #expect(names.contains(one) && names.contains(other)) }
            for name in spec.wordsStandFor { #expect(names.contains(name)) }
            for option in spec.options {
                for word in option.shorthands { #expect(!names.contains(word), "\(word)") }
            }
        }
        check(.send)
        check(.listen)
        check(.ping)
        check(.hwstamp)
        check(.hwstampConfig)
        let names = Program.commands.map(\.description.name)
        for habit in Habit.all { #expect(Set(names).isSuperset(of: habit.commands)) }
        // A habit for an option that is known is never asked.
        for command in Program.commands.map(\.description) {
            for habit in Habit.all where habit.commands.contains(command.name) {
                #expect(
                    !command.options.contains {
                        "-\($0.short ?? " ")" == habit.option || "--\($0.long)" == habit.option
                    })
            }
        }
    }

    @Test func survivesRandomLines() throws {
        let pieces = [
            "-i", "-I", "x0", "0.2", "-qI", "-w", "a.pcap", "--interval=", "1,5", "-f", "-n", "-nn",
            "192.0.2.7", "-t", "--",
            "02:00:00:00:00:02", "host", "-", "--dst", "--rate=1e3", "", "'", "é", "-c", "--fail-if", "rtt>1",
            "--cuont=",
        ]
        var random = Xorshift(seed: 5)
        var explainedLines = 0
        for _ in 0..<4000 {
            let command = Program.commands[Int.random(in: 0..<5, using: &random)]
            let words = (0..<Int.random(in: 0...6, using: &random)).map { _ in
                pieces[Int.random(in: 0..<pieces.count, using: &random)]
            }
            do throws(ArgumentError) { _ = try command.parse(words) } catch {
                let line = TypedLine(words: [command.description.name] + words)
                if case .mistake(_, let remedy) = explained(error, line) {
                    explainedLines += 1
                    #expect(remedy.contains("afprobe "))
                }
            }
        }
        #expect(explainedLines > 100)
    }

    @Test func quotesForTheShell() {
        let line = TypedLine(words: ["ping", "a b", "it's", "", "$x", "é", "fe80::1%eth0", "*"])
        #expect(line.text == #"afprobe ping 'a b' 'it'\''s' '' '$x' é fe80::1%eth0 '*'"#)
    }

    @Test(arguments: [
        ("recv -i lo", "did you mean listen? afprobe listen -i lo"),
        ("server", "did you mean listen? see 'afprobe help'"),
        ("client 192.0.2.7", "did you mean ping? afprobe ping 192.0.2.7"),
        ("192.0.2.7 -c 1", "to ping that host: afprobe ping 192.0.2.7 -c 1"),
        ("02:00:00:00:00:02 -i lo", "to ping that host: afprobe ping 02:00:00:00:00:02 -i lo"),
        ("http://host.example/", "to ping that host: afprobe ping host.example"),
        ("afprobe ping 192.0.2.7", "did you mean: afprobe ping 192.0.2.7"),
        (
            "ethtool -T lo",
            "hwstamp shows what ethtool -T does; leave -T out: afprobe hwstamp lo"
        ),
        ("arping 192.0.2.7", "did you mean ping? afprobe ping --protocol arp 192.0.2.7"),
        (
            "arping -I lo 192.0.2.7",
            "-i is the interface and -I the interval: afprobe ping --protocol arp -i lo 192.0.2.7"
        ),
        ("recv -i x0", "did you mean listen? see 'afprobe help'"),
        ("192.0.2.0/24", "see 'afprobe help'"),
        ("lo", "to show its stamps: afprobe hwstamp lo"), ("nonsense", "see 'afprobe help'"),
    ])
    func answersAFirstWordThatIsNoCommand(line: String, expected: String) {
        let words = split(line)
        let meant = commandMeant(by: words[0]).map { Array($0.prefix(1)) } ?? []
        let error = explainedCommand(.unknownCommand(words[0], candidates: meant), TypedLine(words: words))
        #expect(error.hint(command: nil) == expected)
    }

    @Test(arguments: [
        ("-i lo ping 02:00:00:00:00:02", "the command comes first: afprobe ping -i lo 02:00:00:00:00:02"),
        ("-i lo 02:00:00:00:00:02", "the command is missing: afprobe ping -i lo 02:00:00:00:00:02"),
        ("-c 3 192.0.2.7", "the command is missing: afprobe ping -c 3 192.0.2.7"),
        ("--ping 192.0.2.7", "a command has no hyphens: afprobe ping 192.0.2.7"),
        ("--listen -i lo", "a command has no hyphens: afprobe listen -i lo"),
        ("--nonsense", "see 'afprobe help'"),
    ])
    func answersAnOptionBeforeTheCommand(line: String, expected: String) {
        let error = explainedOption(.unknownOption("-x", candidates: []), TypedLine(words: split(line)))
        #expect(error.hint(command: nil) == expected)
    }

    @Test func findsTheFormatInWrongArguments() {
        for (arguments, format) in [
            (["ping", "--json", "-x"], LineFormat.json), (["--format=json"], .json),
            (["-x", "--format", "JSON"], .json),
            (["--json", "--format", "text"], .text), (["ping", "--", "--json"], nil),
            (["--format", "xml"], nil),
            (["--format"], nil), (["--json=1"], nil), ([], nil),
        ] as [([String], LineFormat?)] {
            #expect(OutputOptions(askedForIn: arguments).format == format, "\(arguments)")
        }
    }
}
