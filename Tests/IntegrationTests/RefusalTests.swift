import Foundation
import Testing

/// Refusals: the exit status, and the line on standard error.
@Suite(.needs())
struct RefusalTests {
    private let peer = "02:00:00:00:00:02"

    @Test func wrongUsageIsStatus2WhateverTheInterface() throws {
        let hosts = try Namespaces()
        let cases: [([String], String)] = [
            ([], "No command was given"),
            (["sned"], "did you mean send?"),
            (["hw"], "did you mean hwstamp or hwstamp-config?"),
            (["--gen"], "did you mean --generate-completion-script?"),
            (["--version=1"], "Option --version takes no value"),
            (["send", "--help=1"], "Option --help takes no value"),
            (["-Vx"], "Unknown option -x"),
            (["hwstamp-config", ""], "Invalid value '' for IF"),
            (
                ["hwstamp-config", "none", "--restore", "--tx", "on"],
                "--restore and --tx or --rx exclude each other"
            ),
            (
                ["listen", "-i", "none", "--no-reply", "--reply-limit", "5"],
                "--no-reply and --reply-limit exclude"
            ),
            (["listen", "-i", "none", "--address", "10.0.0.1"], "--address has no meaning without --udp"),
            (["listen", "-i", "none", "--udp", "--address", "127.0.0.1"], "one host's address"),
            (["listen", "-i", "none", "--udp", "--address", "255.255.255.255"], "one host's address"),
            (["listen", "-i", "none", "--udp", "--address", "240.0.0.1"], "one host's address"),
            (["listen", "-i", "none", "--udp", "--address", "ff02::1"], "one host's address"),
            (["listen", "-i", "none", "--udp", "--address", "::"], "one host's address"),
            (["listen", "-i", "none", "--allow-routed"], "--allow-routed has no meaning without --udp"),
            (["send", "-i", "none", "-d", peer, "-I", "0.4ns"], "at least 1ns"),
            (["listen", "-i", "none", "--stats", "1ns"], "at least 1ms"),
            (["listen", "-i", "none", "--filter", "vlan 5"], "cannot test VLAN tags"),
            (
                ["ping", "-i", "none", peer, "--udp", "--dst-addr", "224.0.0.1"],
                "expected one host's address"
            ),
            (["send", "-i", "none", "-d", peer, "--cuont", "5"], "did you mean --count?"),
            (["send", "-i", "none", "-d", peer, "--inter", "5"], "did you mean --interface or --interval?"),
            (["send", "-i", "none", "-d", peer, "-c"], "Option -c needs a value: N"),
            (["send", "-d", peer], "Option -i IF is missing"),
            (["send", "-i", "none"], "Option -d MAC is missing"),
            (["send", "-i", "none", "-d", "02:00"], "Invalid value '02:00' for -d"),
            (["send", "-i", "none", "-d", peer, "-c", "0"], "Invalid value '0' for -c"),
            (["send", "-i", "none", "-d", peer, "-I", "fast"], "Invalid value 'fast' for -I"),
            (["send", "-i", "none", "-d", peer, "-s", "59"], "the smallest is 60"),
            (["send", "-i", "none", "-d", peer, "-s", "many"], "Invalid value 'many' for -s"),
            (["send", "-i", "none", "-d", peer, "--ethertype", "5"], "Invalid value '5' for --ethertype"),
            (["send", "-i", "none", "-d", peer, "--vlan", "4095"], "Invalid value '4095' for --vlan"),
            (["send", "-i", "none", "-d", peer, "--udp"], "Option --dst-addr ADDR is missing"),
            (["send", "-i", "none", "-d", peer, "--dst-addr", "10.0.0.1"], "no meaning without --udp"),
            (["hwstamp", "none", "--verify", "--via", "ioctl"], "no meaning with --verify"),
            (["hwstamp", "none", "--via", "sysfs"], "auto, netlink, ioctl"),
            (["send", "-i", "none", "-d", peer, "--udp", "--ethertype", "0x9000"], "exclude each other"),
            (
                ["send", "-i", "none", "-d", peer, "--no-stamps", "--launch-time", "1ms"],
                "exclude each other"
            ),
            (["send", "-i", "none", "-d", peer, "--no-stamps", "--hardware", "on"], "exclude each other"),
            (
                [
                    "send", "-i", "none", "-d", peer, "--udp", "--dst-addr", "10.0.0.1", "--src-addr",
                    "fe80::1",
                ],
                "different IP versions"
            ),
            (["send", "-i", "none", "-d", peer, "--batch", "1025"], "a number of probes from 1 to 1024"),
            (["send", "-i", "none", "-d", peer, "-I", "0", "--launch-time", "1ms"], "needs a schedule"),
            (["send", "-i", "none", "-d", peer, "--launch-time", "11s"], "at most 10s"),
            (
                ["send", "-i", "none", "-d", peer, "--launch-time", "1ms", "--qdisc-bypass"],
                "exclude each other"
            ),
            (["listen", "-i", "none", "--realtime=0"], "a priority from 1 to 99"),
            (["listen", "-i", "none", "--realtime", "500"], "a priority from 1 to 99"),
            (["listen", "-i", "none", "--cpu", "8192"], "the number of a CPU from 0 to 8191"),
            (["listen", "-i", "none", "--group", peer], "the MAC address of a group"),
            (["ping", "-i", "none"], "TARGET is missing"),
            (["ping", "-i", "none", "ff:ff:ff:ff:ff:ff"], "the MAC address of one host"),
            (["ping", "-i", "none", peer, "-s", "149"], "the smallest is 150"),
            (["ping", "-i", "none", peer, "--vlan", "1", "-s", "153"], "the smallest is 154"),
            (["listen", "-i", "none", "--filter", "host and and"], "syntax error"),
            (["listen", "-i", "none", "eth1"], "Unexpected argument 'eth1'"),
            (["hwstamp-config", "none", "--tx", "maybe"], "one of off, on, onestep-sync, onestep-p2p"),
            (["--generate-completion-script", "tcsh"], "one of bash, zsh, fish"),
        ]
        for (arguments, words) in cases {
            let result = try Program(hosts.near.command([Tool.afprobe] + arguments)).finish()
            #expect(result.status == 2, "\(result)")
            #expect(result.errors.contains(words), "\(result)")
            #expect(result.errors.contains("level=error") && result.output == "", "\(result)")
        }
    }

    @Test func theSystemsRefusalIsStatus3() throws {
        let hosts = try Namespaces()
        let down = hosts.near.namespace
        try Program.expect(["ip", "-n", down, "link", "add", "idle", "type", "veth", "peer", "name", "idle2"])
        try Program.expect(["ip", "-n", down, "address", "add", "192.0.2.1/24", "dev", "idle"])
        let cases: [([String], String, String)] = [
            (["send", "-i", "none", "-d", peer], "There is no interface none", "there are: "),
            (["listen", "-i", "none"], "There is no interface none", "there are: "),
            (["send", "-i", "lo", "-d", peer], "lo is not an Ethernet interface", "afprobe ping 127.0.0.1"),
            (["send", "-i", "idle", "-d", peer], "Interface idle is down", "ip link set idle up"),
            (["ping", "-i", "idle", peer], "Interface idle is down", "ip link set idle up"),
            (["send", "-i", "va", "-d", peer, "-s", "1515"], "too large for interface va", "is 1514"),
            (["send", "-i", "va", "-d", peer, "--vlan", "1", "-s", "1519"], "too large", "is 1518"),
            (["send", "-i", "va:1", "-d", peer], "There is no interface va:1", "there are: "),
            (
                ["ping", "-i", "va", "02:00:00:00:00:01"], "the address of interface va itself",
                "another host"
            ),
            (["hwstamp", "none"], "There is no interface none", "there are: "),
            (["ping", "10.77.0.255"], "10.77.0.255 is a broadcast address", "the address of one host"),
            (
                ["ping", "192.0.2.7"], "There is no route to 192.0.2.7",
                "idle, on whose network 192.0.2.7 is, is down: ip link set idle up"
            ),
            (
                ["ping", "--protocol", "arp", "192.0.2.7"], "There is no route to 192.0.2.7",
                "idle, on whose network 192.0.2.7 is, is down"
            ),
            (["ping", "198.51.100.7"], "There is no route to 198.51.100.7", "ip route get 198.51.100.7"),
            (["hwstamp-config", "va"], "no hardware timestamping", "afprobe hwstamp va"),
            (["hwstamp-config", "va", "--tx", "on"], "no hardware timestamping", "Operation not supported"),
            (
                [
                    "send", "-i", "va", "-d", peer, "--udp", "--dst-addr", "10.0.0.1", "--src-port", "1",
                    "-s", "1600",
                ],
                "its MTU is 1500", "ip link set va mtu"
            ),
        ]
        for (arguments, message, hint) in cases {
            let result = try Program(hosts.near.command([Tool.afprobe] + arguments)).finish()
            #expect(result.status == 3, "\(result)")
            #expect(result.errors.contains(message) && result.errors.contains(hint), "\(result)")
        }
    }

    @Test(.needsDevice("/dev/net/tun"))
    func aTunnelIsNotEthernet() throws {
        let hosts = try Namespaces()
        try Program.expect(
            ["ip", "-n", hosts.near.namespace, "tuntap", "add", "dev", "tunnel", "mode", "tun"])
        let result = try hosts.near.afprobe("listen", "-i", "tunnel").finish()
        #expect(result.status == 3, "\(result)")
        #expect(result.errors.contains("tunnel is not an Ethernet interface"), "\(result)")
        #expect(result.errors.contains("hardware type is 65534"), "\(result)")
    }

    @Test func anInterfaceWithoutAnAddressNeedsOne() throws {
        let hosts = try Namespaces()
        try Program.expect(["ip", "-n", hosts.near.namespace, "address", "flush", "dev", "va"])
        let result = try hosts.near.afprobe(
            "send", "-i", "va", "-d", peer, "--udp", "--dst-addr", "10.77.0.2"
        ).finish()
        #expect(result.status == 3 && result.errors.contains("--src-addr"), "\(result)")
    }

    /// Without CAP_NET_RAW, as an unprivileged user has it.
    @Test func theMissingCapabilityIsNamed() throws {
        let hosts = try Namespaces()
        for command in [
            ["listen", "-i", "va"], ["send", "-i", "va", "-d", peer], ["ping", "-i", "va", peer],
        ] {
            let result = try Program(
                hosts.near.command(
                    ["setpriv", "--bounding-set=-all", "--inh-caps=-all", Tool.afprobe] + command)
            ).finish()
            #expect(result.status == 3, "\(result)")
            #expect(result.errors.contains("CAP_NET_RAW is missing"), "\(result)")
            #expect(
                result.errors.contains("setcap cap_net_raw,cap_net_admin+ep \(Tool.afprobe)"), "\(result)")
            #expect(result.errors.contains("Operation not permitted"), "\(result)")
        }
    }

    /// The port is not guarded then, which is told; the measurement is the same.
    @Test func aPrivilegedPortNeedsItsOwnCapability() throws {
        let hosts = try Namespaces()
        let result = try Program(
            hosts.near.command([
                "setpriv", "--bounding-set=-net_bind_service", "--inh-caps=-net_bind_service", Tool.afprobe,
                "listen", "-i", "va", "--udp", "--ptp", "-w", "20ms",
            ])
        ).finish()
        #expect(result.errors.contains("UDP port 319 needs CAP_NET_BIND_SERVICE"), "\(result)")
        #expect(result.status == 1, "\(result)")
    }

    /// Wherever the system has no descriptor left, that is said.
    @Test(arguments: 4...14) func aLackOfDescriptorsIsTold(limit: Int) throws {
        let hosts = try Namespaces()
        let script =
            "ulimit -n \(limit); exec \(Tool.afprobe) send -i va -d \(peer) -c 1 -q --pcap /dev/null"
        let result = try Program(hosts.near.command(["sh", "-c", script])).finish()
        #expect(result.status == 0 || result.status == 3 && !result.errors.isEmpty, "\(result)")
    }

    @Test func extremeNumbersEndNothing() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("-q")
        let most = "18446744073709551615"
        for options in [
            ["-c", most, "--warmup", "1", "-w", "50ms"],
            ["-c", "1", "-W", "9223372036854775807ns", "-I", "1ns"],
            ["-c", "1", "-W", "1ns"], ["-w", "1ns"], ["-c", "2", "-I", "2562047h", "-w", "20ms"],
        ] {
            for command in [["send", "-d", peer], ["ping", peer]] {
                let result = try Program(
                    hosts.near.command([Tool.afprobe] + command + ["-i", "va", "-q"] + options)
                ).finish()
                #expect(result.status < 2, "\(result)")
            }
        }
        _ = try listener.interrupt()
    }

    @Test func framesThatAreDroppedHereAreTold() throws {
        let hosts = try Namespaces()
        // The peer takes less than this host sends.
        try Program.expect(["ip", "-n", hosts.near.namespace, "link", "set", "va", "mtu", "9000"])
        let result = try hosts.near.afprobe(
            "ping", "-i", "va", peer, "-c", "2", "-s", "9000", "-I", "1ms", "--warmup", "1"
        ).finish()
        #expect(result.status == 1, "\(result)")
        #expect(result.errors.contains("This host drops frames"), "\(result)")
        #expect(result.errors.contains("No frame was sent"), "\(result)")
    }

    @Test func aMissingCarrierIsToldBeforehand() throws {
        let hosts = try Namespaces()
        try Program.expect(["ip", "-n", hosts.far.namespace, "link", "set", "vb", "down"])
        let result = try hosts.near.afprobe("send", "-i", "va", "-d", peer, "-c", "1", "-W", "50ms").finish()
        #expect(result.errors.contains("has no carrier"), "\(result)")
        #expect(result.status == 1, "\(result)")
    }

    @Test func nothingThatComesIsStatus1() throws {
        let hosts = try Namespaces()
        let result = try hosts.far.afprobe("listen", "-i", "vb", "-w", "50ms").finish()
        #expect(result.status == 1)
        #expect(result.errors.contains("No probe came"), "\(result)")
    }

    @Test func anInterfaceThatGoesDownIsWaitedFor() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen()
        let ip = ["ip", "-n", hosts.far.namespace, "link", "set", "vb"]
        try Program.expect(ip + ["down"])
        try listener.waitForErrors(containing: "Interface vb went down; waiting until it is up")
        try Program.expect(ip + ["up"])
        _ = try hosts.near.afprobe("send", "-i", "va", "-d", hosts.far.address, "-c", "1").finish()
        try listener.waitForOutput(containing: "probe=1")
        try listener.waitForErrors(containing: "Interface vb is up again")
        #expect(try listener.interrupt().status == 0)
    }

    @Test func anInterfaceThatIsRenamedIsStillTheSame() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen()
        let sender = try hosts.near.afprobe("send", "-i", "va", "-d", hosts.far.address, "-I", "50ms")
        try listener.waitForOutput(containing: "RX Recvmsg")
        let ip = ["ip", "-n", hosts.near.namespace, "link", "set"]
        try Program.expect(ip + ["va", "down"])
        try sender.waitForErrors(containing: "went down")
        try Program.expect(ip + ["va", "name", "other"])
        try Program.expect(ip + ["other", "up"])
        try sender.waitForErrors(containing: "is up again")
        #expect(try sender.interrupt().status == 0)
        _ = try listener.interrupt()
    }

    @Test func anInterfaceThatGoesDownAndThenAwayEndsTheRun() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen()
        let sender = try hosts.near.afprobe("send", "-i", "va", "-d", hosts.far.address, "-I", "50ms")
        let pinger = try hosts.near.afprobe("ping", "-i", "va", hosts.far.address, "-I", "50ms")
        try sender.waitForOutput(containing: "TX Recvmsg")
        try pinger.waitForOutput(containing: "PING Reply")
        try listener.waitForOutput(containing: "RX Recvmsg", count: 2)
        try Program.expect(["ip", "-n", hosts.far.namespace, "link", "set", "vb", "down"])
        try Program.expect(["ip", "-n", hosts.near.namespace, "link", "set", "va", "down"])
        for program in [listener, sender, pinger] { try program.waitForErrors(containing: "went down") }
        try Program.expect(["ip", "-n", hosts.far.namespace, "link", "delete", "vb"])
        for program in [listener, sender, pinger] {
            let result = try program.finish()
            #expect(result.status == 3 && result.errors.contains("has gone"), "\(result)")
            #expect(result.errors.components(separatedBy: "went down").count == 2, "\(result)")
        }
    }

    @Test func anInterfaceThatGoesAwayEndsTheRun() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen()
        let sender = try hosts.near.afprobe("send", "-i", "va", "-d", hosts.far.address, "-I", "50ms")
        let pinger = try hosts.near.afprobe("ping", "-i", "va", hosts.far.address, "-I", "50ms")
        try sender.waitForOutput(containing: "TX Recvmsg")
        try pinger.waitForOutput(containing: "PING Reply")
        try listener.waitForOutput(containing: "RX Recvmsg")
        try Program.expect(["ip", "-n", hosts.far.namespace, "link", "delete", "vb"])
        for program in [listener, sender, pinger] {
            let result = try program.finish()
            #expect(result.status == 3 && result.errors.contains("has gone"), "\(result)")
            #expect(result.output.contains(/(TX|RX|PING) Summary/), "\(result)")
        }
    }
}
