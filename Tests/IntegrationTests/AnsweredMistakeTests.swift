import Foundation
import Testing

/// Mistakes that people make, most by the habit of other programs: what is answered, or that it is understood.
@Suite(.needs())
struct AnsweredMistakeTests {
    private static let peer = "02:00:00:00:00:02"

    /// Command lines, and the words of the only line on standard error.
    private static let answered: [([String], String)] = [
        (
            ["ping", "-i", "0.2", "-I", "va", peer],
            "-i is the interface and -I the interval: afprobe ping -i va -I 0.2 \(peer)"
        ),
        (["ping", "-i", "0.2", "10.77.0.2"], "afprobe ping -I 0.2 10.77.0.2"),
        (["ping", "-I", "va", "10.77.0.2"], "afprobe ping -i va 10.77.0.2"),
        (
            ["send", "-i", "va", "-d", peer, "-I", "1,5s"],
            "did you mean: afprobe send -i va -d \(peer) -I 1.5s"
        ),
        (["send", "-i", "va", "-d", peer, "-I", "1e-3"], "-I 1ms"),
        (["send", "-i", "va", "-d", peer, "-c", "1,000"], "-c 1000"),
        (["send", "-i", "va", "-d", peer, "-s", "1.5k"], "-s 1500"),
        (["send", "-i", "va", "-d", peer, "-s", "56"], "the smallest is 60: a size counts the whole frame"),
        (["ping", "10.77.0.2", "-s", "56"], "ping's -s 56 is -s 98 here"),
        (["send", "-i", "va", "-d", peer, "--vlan", "100.5"], "--vlan 100:5"),
        (["ping", "--protocol", "ptp", "10.77.0.2"], "expected pdelay"),
        (["ping", "-f", "10.77.0.2"], "a flood is -I 0 here: afprobe ping -I 0 -q 10.77.0.2"),
        (["ping", "-n", "-t", "5", "10.77.0.2"], "-t is --ttl here: afprobe ping --ttl 5 10.77.0.2"),
        (
            ["listen", "-i", "va", "-w", "out.pcap"],
            "to write a capture: afprobe listen -i va --pcap out.pcap"
        ),
        (["listen", "-i", "any"], "the name of one interface"),
        (["listen", peer], "to ping that host: afprobe ping -i va \(peer)"),
        (["ping", peer, "va"], "the interface is an option: afprobe ping -i va \(peer)"),
        (["ping", "va", peer], "the interface is an option: afprobe ping -i va \(peer)"),
        (["ping", "va"], "va is an interface of this host"),
        (["ping", "http://host.example/"], "afprobe ping host.example"),
        (["ping", "10.77.0.2/24"], "afprobe ping 10.77.0.2"),
        (["10.77.0.2"], "to ping that host: afprobe ping 10.77.0.2"),
        ([peer], "to ping that host: afprobe ping -i va \(peer)"),
        (["va"], "to receive there: afprobe listen -i va"),
        (["recv", "-i", "va"], "did you mean listen? afprobe listen -i va"),
        (["server"], "did you mean listen?"), (["client"], "did you mean ping?"),
        (["tx"], "did you mean send?"),
        (["hwts"], "did you mean hwstamp?"), (["config", "va"], "afprobe hwstamp-config va"),
        (["help", "me"], "Unknown command 'me'"),
        (["-i", "va", "ping", peer], "the command comes first: afprobe ping -i va \(peer)"),
        (["send", "-i", "va", "-d", peer, "-o", "json"], "--format json"),
        (
            ["send", "-i", "va", "-d", peer, "-I", "1", "--rate", "5"],
            "--rate and --interval exclude each other"
        ),
        (["ping", "-A", "--rate", "5", "10.77.0.2"], "--adaptive and --rate exclude each other"),
        (["ping", "--self", "--hardware", "on"], "--self and --hardware on exclude each other"),
        (["listen", "-i", "va", "--color", "always", "--format", "logfmt"], "exclude each other"),
        (["ping", "-i", "va", "fe80::1%lo"], "name different interfaces"),
        (["ping", peer], "va is the only Ethernet interface that is up: afprobe ping -i va \(peer)"),
        (["listen"], "va is the only Ethernet interface that is up: afprobe listen -i va"),
        (["send", peer], "va is the only Ethernet interface that is up: afprobe send -i va \(peer)"),
        (["ping", "-d", peer], "afprobe ping -i va \(peer)"),
        (["-i", "va", peer], "the command is missing: afprobe ping -i va \(peer)"),
        (["-c", "3", "10.77.0.2"], "the command is missing: afprobe ping -c 3 10.77.0.2"),
        (["--ping", "10.77.0.2"], "a command has no hyphens: afprobe ping 10.77.0.2"),
        (["ethtool", "-T", "va"], "afprobe hwstamp va"),
        (["arping", "-I", "va", "10.77.0.2"], "afprobe ping --protocol arp -i va 10.77.0.2"),
        (
            ["listen", "-i", "va", "udp", "port", "61000"],
            "the port is an option: afprobe listen -i va --udp"
        ),
        (["listen", "-i", "va", "--port", "61000"], "afprobe listen -i va --udp --dst-port 61000"),
        (["ping", "-i", "va", "--udp", peer], "Option --dst-addr ADDR is missing"),
        (["ping", "10.77.0.0/24"], "10.77.0.0/24 is a network, and a run has one target"),
        (["ping", "10.77.0.2", "10.77.0.3"], "one target per run; start one afprobe per host"),
        (
            ["ping", "--fail-if", "p99<1ms", "10.77.0.2"],
            "a limit names what is too much: afprobe ping --fail-if 'rtt.p99>1ms' 10.77.0.2"
        ),
        (["ping", "--fail-if", "rtt.p99", "10.77.0.2"], "limits in quotes"),
        (["ping", "--fail-if", "loss>1", "10.77.0.2"], "--fail-if 'loss>1%' 10.77.0.2"),
        (["ping", "--fail-if", "rtt>1ms", "10.77.0.2"], "--fail-if 'rtt.p99>1ms' 10.77.0.2"),
    ]

    @Test func theRightLineIsAnswered() throws {
        let hosts = try Namespaces()
        for (arguments, words) in Self.answered {
            let result = try Program(hosts.near.command([Tool.afprobe] + arguments)).finish()
            #expect(result.status == 2, "\(result)")
            let lines = result.errors.split(separator: "\n")
            #expect(lines.count == 1 && lines[0].contains(words), "\(result)")
            #expect(result.output == "", "\(result)")
        }
    }

    /// Command lines that mean one thing only, whoever answers.
    @Test(arguments: [
        ["PING", "10.77.0.2", "-c1", "-W1ms", "--protocol", "ICMPv4"], ["send", "va", peer, "-c1"],
        ["send", "-i", "va@if5", peer, "-c", "1", "--rate", "10kpps", "-s64B"], ["version"], ["-v"], ["-?"],
        ["Help"],
        ["ping", "-?"], ["hwstamp", "-i", "va", "--json"],
        ["send", "va", "0200.0000.0002", "-c1", "-I", "1 ms"],
        ["send", "-i", "va:", "-d", "020000000002", "-c", "1", "--realtime", "1"],
    ])
    func whatIsPlainIsDone(arguments: [String]) throws {
        let hosts = try Namespaces()
        let result = try Program(hosts.near.command([Tool.afprobe] + arguments)).finish()
        #expect(result.status < 2 && !result.errors.contains("level=error msg=\"Invalid"), "\(result)")
    }

    /// Probes to an IP address go to the host of the link that has it.
    @Test func sendFindsTheMACAddress() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen()
        let sent = try hosts.near.afprobe("send", "-i", "va", "-d", hosts.far.ipv4, "-c", "1").finish()
        #expect(sent.status == 0, "\(sent)")
        try listener.waitForOutput(containing: "probe=1")
        _ = try listener.interrupt()
        let datagrams = try hosts.far.listen("--udp")
        let udp = try hosts.near.afprobe("send", "va", hosts.far.ipv4, "--udp", "-c", "1").finish()
        #expect(udp.status == 0, "\(udp)")
        try datagrams.waitForOutput(containing: "probe=1")
        _ = try datagrams.interrupt()
    }

    @Test func sendTellsWhyAnAddressHasNoMAC() throws {
        let hosts = try Namespaces()
        try Program.expect(
            ["ip", "-n", hosts.near.namespace, "route", "add", "192.0.2.0/24", "via", hosts.far.ipv4])
        for (address, words) in [
            ("192.0.2.7", "to send to the router: -d \(hosts.far.ipv4)"),
            (hosts.near.ipv4, "is an address of this host"),
            ("198.51.100.1", "No host of the link va has the address"),
        ] {
            let result = try hosts.near.afprobe("send", "-i", "va", "-d", address, "-c", "1").finish()
            #expect(result.status == 3 && result.errors.contains(words), "\(result)")
        }
    }

    /// An error is written in the form that is asked for, though the arguments are wrong.
    @Test func usageErrorsAreJSONIfAskedFor() throws {
        let hosts = try Namespaces()
        for arguments in [
            ["ping", "--json", "-Z"], ["--json"], ["send", "--format=json"],
            ["nonsense", "--format", "JSON"],
            ["listen", "-i", "va", "--json", "--address", "10.77.0.1"],
        ] {
            let result = try Program(hosts.near.command([Tool.afprobe] + arguments)).finish()
            #expect(result.status == 2, "\(result)")
            let line = try JSONSerialization.jsonObject(with: Data(result.errors.utf8)) as? [String: Any]
            #expect(line?["level"] as? String == "error" && line?["hint"] is String, "\(result)")
        }
    }
}
