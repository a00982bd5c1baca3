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
            return explained(error, of: command, TypedLine(words: words)).hint(command: words[0])
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
            "ping -i 0.2 -I eth9 02:00:00:00:00:02",
            "-i is the interface and -I the interval: afprobe ping -i eth9 -I 0.2 02:00:00:00:00:02"
        ),
        (
            "listen -i x0 --filter udp port 319",
            "an expression is one word behind --filter: afprobe listen -i x0 --filter 'udp port 319'"
        ),
        (
            "listen -i x0 --filter=udp port 319 -q",
            "an expression is one word behind --filter: afprobe listen -i x0 --filter 'udp port 319' -q"
        ),
        ("listen -ieno1 -n", "no address is looked up; leave -n out: afprobe listen -ieno1"),
        ("ping -i 0.2 192.0.2.7", "-i is the interface and -I the interval: afprobe ping -I 0.2 192.0.2.7"),
        ("ping -I eth9 192.0.2.7", "-i is the interface and -I the interval: afprobe ping -i eth9 192.0.2.7"),
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
            "ping --interval=eth9 192.0.2.7",
            "-i is the interface and -I the interval: afprobe ping -i eth9 192.0.2.7"
        ),
        (
            "ping -c 5 -i x0 -i 0.2 192.0.2.7",
            "-i is the interface and -I the interval: afprobe ping -c 5 -i x0 -I 0.2 192.0.2.7"
        ),
        (
            "listen -i x0 udp port 319 -c 5",
            "an expression is one word behind --filter: afprobe listen -i x0 --filter 'udp port 319' -c 5"
        ),
        ("listen -I x0", "-I is -i here: afprobe listen -i x0"),
        ("listen x0 -qw1,5", "did you mean: afprobe listen x0 -q -w 1.5"),
        (
            "listen -i x0 -w out.pcap",
            "-w is the deadline; to write a capture: afprobe listen -i x0 --pcap out.pcap"
        ),
        (
            "listen -i x0 -nn -e",
            "no address is looked up; leave -n out; -e is -v here: afprobe listen -i x0 -v"
        ),
        (
            "listen -i x0 host 192.0.2.7 and udp",
            "an expression is one word behind --filter: afprobe listen -i x0 --filter 'host 192.0.2.7 and udp'"
        ),
        ("listen 192.0.2.7", "listen takes an interface; to ping that host: afprobe ping 192.0.2.7"),
        (
            "listen -q 02:00:00:00:00:02 -i x0",
            "listen takes an interface; to ping that host: afprobe ping 02:00:00:00:00:02 -q -i x0"
        ),
        ("ping 02:00:00:00:00:02 x0", "the interface is an option: afprobe ping -i x0 02:00:00:00:00:02"),
        (
            "ping -q x0 02:00:00:00:00:02",
            "the interface is an option: afprobe ping -q -i x0 02:00:00:00:00:02"
        ),
        ("ping -f 192.0.2.7", "a flood is -I 0 here: afprobe ping -I 0 192.0.2.7"),
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
        ("hwstamp -T x0", "hwstamp shows what ethtool -T does; leave -T out: afprobe hwstamp x0"),
        ("hwstamp -j", "the format is --format: afprobe hwstamp --format json"),
        (
            "hwstamp-config x0 -t 1 -r 12",
            "-t is --tx here; -r is --rx here: afprobe hwstamp-config x0 --tx on --rx ptpv2-event"
        ),
        (
            "send x0 --dst=02:00:00:00:00:02",
            "--dst is --dst-mac here: afprobe send x0 --dst-mac 02:00:00:00:00:02"
        ),
        (
            "send x0 -d 02:00:00:00:00:02 --cuont=5",
            "did you mean --count? afprobe send x0 -d 02:00:00:00:00:02 --count=5"
        ),
        (
            "send x0 -d 02:00:00:00:00:02 --quite",
            "did you mean --quiet? afprobe send x0 -d 02:00:00:00:00:02 --quiet"
        ),
    ])
    func answersWithTheRightLine(line: String, expected: String) throws {
        #expect(try hint(line) == expected)
    }

    /// The help is named if nothing is plain.
    @Test(arguments: [
        "listen -i any", "listen -i x0 -Z", "send -i x0 -o out.pcap", "ping -Q 999 192.0.2.7", "ping -M",
        "ping a b",
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
                if case .mistake(_, let remedy) = explained(error, of: command, line) {
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
        ("recv -i x0", "did you mean listen? afprobe listen -i x0"),
        ("server", "did you mean listen?; see 'afprobe help'"),
        ("client 192.0.2.7", "did you mean ping? afprobe ping 192.0.2.7"),
        ("192.0.2.7 -c 1", "to ping that host: afprobe ping 192.0.2.7 -c 1"),
        ("02:00:00:00:00:02 -i x0", "to ping that host: afprobe ping 02:00:00:00:00:02 -i x0"),
        ("http://host.example/", "to ping that host: afprobe ping host.example"),
        ("afprobe ping 192.0.2.7", "did you mean: afprobe ping 192.0.2.7"),
        ("lo", "to show its stamps: afprobe hwstamp lo"), ("nonsense", "see 'afprobe help'"),
    ])
    func answersAFirstWordThatIsNoCommand(line: String, expected: String) {
        let words = split(line)
        let meant = commandMeant(by: words[0]).map { [$0] } ?? []
        let error = explainedCommand(.unknownCommand(words[0], candidates: meant), TypedLine(words: words))
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
