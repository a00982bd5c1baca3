import AFPacketKit

// Options of other programs, and what they are here.

/// An option that another program has.
struct Habit {
    let option: String
    /// Its name there has a value.
    var takesValue = false
    /// The commands that are taken for that program; empty for all.
    var commands: [String] = []
    /// The remark about it.
    let remark: String
    /// The words to write instead; nil if there are none for this value.
    let replacement: (String) -> [String]?
}

extension Habit {
    /// An option with another name, and the same value if `takesValue`.
    static func renamed(
        _ option: String, _ name: String, takesValue: Bool = true, in commands: String...
    ) -> Habit {
        Habit(
            option: option, takesValue: takesValue, commands: commands, remark: "\(option) is \(name) here",
            replacement: { takesValue ? [name, $0] : [name] })
    }

    /// A flag, or with `takesValue` an option, that changes nothing here.
    static func needless(
        _ options: String..., takesValue: Bool = false, in commands: [String], because remark: String
    ) -> [Habit] {
        options.map { option in
            Habit(
                option: option, takesValue: takesValue, commands: commands,
                remark: "\(remark); leave \(option) out",
                replacement: { _ in [] })
        }
    }

    /// A flag that is an option with a value here.
    private static func flag(
        _ options: String..., is words: [String], in commands: [String], because remark: String
    ) -> [Habit] {
        options.map { option in
            Habit(option: option, commands: commands, remark: remark, replacement: { _ in words })
        }
    }

    static var all: [Habit] {
        ofPing + ofFpingAndHping + ofProtocols + ofTcpdump + ofTimestampingTools + general
            // Behind the option for a format, which has a value.
            + needless("-o", in: ["ping"], because: "afprobe has nothing like it")
    }

    static let ofCSV = "jq makes CSV of JSON lines, as in EXAMPLES of afprobe-output(5)"

    /// Options of which no line here does the same, and the advice instead.
    static let withoutLine: [(options: [String], commands: [String], advice: String)] = [
        (["-g", "--generate"], ["ping"], "one target per run; start one afprobe per host")
    ]

    /// ping(8) of iputils, and arping(8).
    private static var ofPing: [Habit] {
        [
            Habit(
                option: "-D", commands: ["ping"], remark: "the lines of --format logfmt carry the time",
                replacement: { _ in ["--format", "logfmt"] }),
            .renamed("-t", "--ttl", in: "ping"), .renamed("-C", "-c", in: "ping"),
            Habit(
                option: "-M", takesValue: true, commands: ["ping"],
                remark: "-M do is --df here",
                replacement: { ["do", "probe"].contains($0) ? ["--df"] : nil }),
            Habit(
                option: "-Q", takesValue: true, commands: ["ping"],
                remark: "--dscp takes the upper six bits of a TOS", replacement: { codePoint($0) }),
            Habit(
                option: "--tos", takesValue: true, commands: ["ping"],
                remark: "--dscp takes the upper six bits of a TOS", replacement: { codePoint($0) }),
        ]
            + flag(
                "-f", "--flood", is: ["-I", "0", "-q"], in: ["ping", "send"], because: "a flood is -I 0 here")
            + needless("-n", in: ["ping"], because: "no address is looked up")
            + needless("-l", takesValue: true, in: ["ping"], because: "no request is sent ahead of its time")
            + needless("-O", in: ["ping"], because: "requests without a reply are printed anyway")
            + needless(
                "-a", "-b", "-B", "-L", "-P", "-R", "-r", "-U", "-H", in: ["ping"],
                because: "afprobe has nothing like it")
    }

    /// fping(8), hping3(8), and our own other commands.
    private static var ofFpingAndHping: [Habit] {
        [
            Habit(
                option: "-p", takesValue: true, commands: ["ping"], remark: "fping's -p is -I here",
                replacement: { (try? parseDuration("\($0)ms")) == nil ? nil : ["-I", "\($0)ms"] }),
            Habit(
                option: "-S", takesValue: true, commands: ["ping"], remark: "-S is --src-addr here",
                replacement: { IPAddress($0) == nil ? nil : ["--src-addr", $0] }),
        ]
            + flag(
                "--fast", is: ["-I", "100ms"], in: ["ping", "send"],
                because: "hping3's --fast is -I 100ms here")
            + flag(
                "--faster", is: ["-I", "10ms"], in: ["ping", "send"],
                because: "hping3's --faster is -I 10ms here")
            + flag(
                "-1", is: ["--protocol", "icmp"], in: ["ping"], because: "hping3's -1 is --protocol icmp here"
            )
            + flag(
                "-2", is: ["--protocol", "afprobe", "--udp"], in: ["ping"],
                because: "UDP goes to a host that runs afprobe listen --udp")
            + ["-d", "--dst-mac", "--dst", "--dest", "--destination", "--target", "--mac"].map { option in
                Habit(
                    option: option, takesValue: true, commands: ["ping"],
                    remark: "the host stands alone, without \(option)", replacement: { [$0] })
            }
    }

    /// A protocol's name as an option.
    private static var ofProtocols: [Habit] {
        let interval = Habit(
            option: "--delay", takesValue: true, remark: "--delay is --interval here",
            replacement: { (try? parseDuration($0)) == nil ? nil : ["--interval", $0] })
        return [interval]
            + PingProtocolName.allCases.flatMap { name in
                flag(
                    "--\(name.rawValue)", is: ["--protocol", name.rawValue], in: ["ping"],
                    because: "a protocol stands behind --protocol")
            }
    }

    private static func codePoint(_ text: String) -> [String]? {
        let number = text.hasPrefix("0x") ? Int(text.dropFirst(2), radix: 16) : Int(text)
        guard let number, (0...255).contains(number) else { return nil }
        return ["--dscp", "\(number >> 2)"]
    }

    private static var ofTcpdump: [Habit] {
        [
            .renamed("-e", "-v", takesValue: false, in: "listen"), .renamed("-f", "--filter", in: "listen"),
            .renamed("-I", "-i", in: "listen"), .renamed("-r", "--read", in: "send"),
        ]
            + needless("-n", in: ["listen", "send"], because: "no address is looked up")
            + needless("-l", "-U", in: ["listen"], because: "lines are written at once")
            + needless(
                "-p", in: ["listen"], because: "the NIC drops foreign frames unless --promiscuous is given")
            + needless("-t", in: ["listen"], because: "lines carry the time")
            + needless(
                "-s", "--snapshot-length", takesValue: true, in: ["listen"], because: "frames are whole")
    }

    /// ethtool(8) and hwstamp_ctl(8).
    private static var ofTimestampingTools: [Habit] {
        [
            Habit(
                option: "-t", takesValue: true, commands: ["hwstamp-config"], remark: "-t is --tx here",
                replacement: { number in
                    TransmitType.all.first { "\($0.rawValue)" == number }.map { ["--tx", "\($0)"] }
                }),
            Habit(
                option: "-r", takesValue: true, commands: ["hwstamp-config"], remark: "-r is --rx here",
                replacement: { number in
                    ReceiveFilter.all.first { "\($0.rawValue)" == number }.map { ["--rx", "\($0)"] }
                }),
            .renamed("--tx-type", "--tx", in: "hwstamp-config"),
            .renamed("--rx-filter", "--rx", in: "hwstamp-config"),
        ]
            + needless(
                "-T", "--show-time-stamping", in: ["hwstamp"], because: "hwstamp shows what ethtool -T does")
    }

    /// Other names, which a command understands if it has the option.
    private static var general: [Habit] {
        let output = ["-o", "--output", "-j"].map { option in
            Habit(
                option: option, takesValue: option != "-j", remark: "the format is --format",
                replacement: { value in
                    if option == "-j" { return ["--format", "json"] }
                    return (try? parseFormat(value)) == nil ? nil : ["--format", value.lowercased()]
                })
        }
        let csv = Habit(option: "--csv", remark: ofCSV, replacement: { _ in ["--format", "json"] })
        let names: [(String, [String])] = [
            ("--interface", ["--dev", "--device", "--iface", "--nic", "--if"]),
            ("--dst-mac", ["--dst", "--dest", "--destination", "--target", "--mac"]),
            ("--count", ["--number", "--num", "--packets"]), ("--deadline", ["--duration", "--time"]),
            ("--interval", ["--period", "--wait"]), ("--rate", ["--pps"]),
            ("--size", ["--length", "--len", "--packet-size"]), ("--ttl", ["--hops", "--hop-limit"]),
            ("--dst-port", ["--port"]), ("--cpu", ["--core", "--affinity"]),
            ("--pcap", ["--write", "--capture"]), ("--read", ["--replay"]), ("--color", ["--colour"]),
        ]
        let flags: [(String, [String])] = [
            ("--quiet", ["--silent"]), ("--verbose", ["--debug"]), ("--synchronised", ["--synchronized"]),
        ]
        return output + [csv] + names.flatMap { name, others in others.map { .renamed($0, name) } }
            + flags.flatMap { name, others in others.map { .renamed($0, name, takesValue: false) } }
    }
}
