import AFPacketKit

// The declarations of the options that several commands share.

extension CommandSpec where Values: HasTraffic {
    /// The options that exclude each other in every command about frames.
    static var sharedExclusions: [(String, String)] { [("quiet", "verbose")] }
}

extension OptionSpec where Values: HasTraffic {
    static var interface: OptionSpec {
        .value(
            "interface", "i", "IF", in: .target, isRequired: true, completion: .ethernetInterfaces,
            help: "The network interface to use.",
            as: parseInterfaceName
        ) { $0.traffic.interface = $1 }
    }

    static var hardware: OptionSpec {
        .value(
            "hardware", nil, "MODE", in: .target,
            completion: .values(HardwareMode.allCases.map(\.rawValue)),
            help:
                "Hardware stamps: auto (turn them on for the run if the NIC has them, and restore its setting "
                + "afterwards), on (fail if that is not possible), off (leave the NIC as it is, and "
                + "request no hardware stamps of sent frames).",
            as: choiceParser(HardwareMode.self)
        ) { $0.traffic.hardware = $1 }
    }

    static func count(_ help: String) -> OptionSpec {
        .value(
            "count", "c", "N", in: .pace, help: help,
            as: parseCount
        ) { $0.traffic.count = $1 }
    }

    static var deadline: OptionSpec {
        .value(
            "deadline", "w", "TIME", in: .pace, help: "End the run after this time.",
            as: parsePositiveDuration
        ) { $0.traffic.deadline = $1 }
    }

    static func interval(_ help: String) -> OptionSpec {
        .value(
            "interval", "I", "TIME", in: .pace, help: help,
            as: parseDuration
        ) { $0.traffic.givenInterval = $1 }
    }

    static var rate: OptionSpec {
        .value(
            "rate", nil, "PPS", in: .pace,
            help: "Send PPS frames a second: another way to give the interval.",
            as: parseRate
        ) { $0.traffic.givenInterval = $1 }
    }

    static func timeout(_ help: String) -> OptionSpec {
        .value(
            "timeout", "W", "TIME", in: .pace, help: help,
            as: parsePositiveDuration
        ) { $0.traffic.timeout = $1 }
    }

    static var warmup: OptionSpec {
        .value(
            "warmup", nil, "N", in: .pace,
            help: "First send N more frames, which are neither printed nor measured.",
            as: numberParser(0...1_000_000_000, "a number of frames")
        ) { $0.traffic.warmup = $1 }
    }

    static var size: OptionSpec {
        .value(
            "size", "s", "BYTES", in: .frame,
            help:
                "Frame size, from the destination MAC address to the last byte before the FCS, VLAN tag included: "
                + "60 is a frame size of 64 in RFC 2544. Default: the smallest legal size.",
            as: parseSize
        ) { $0.traffic.size = $1 }
    }

    static var etherType: OptionSpec {
        .value(
            "ethertype", nil, "TYPE", in: .frame, help: "EtherType of the frames. Default: 0x88b5.",
            as: parseEtherType
        ) { $0.traffic.etherType = $1 }
    }

    static var vlan: OptionSpec {
        .value(
            "vlan", nil, "ID[:PCP]", in: .frame, help: "Tag the frames with a VLAN ID and a priority (PCP).",
            as: parseVLAN
        ) { $0.traffic.vlan = $1 }
    }

    static var priority: OptionSpec {
        .value(
            "priority", nil, "N", in: .frame,
            help: "Priority of the frames in this host's qdisc, 0 to 15 (SO_PRIORITY).",
            as: numberParser(0...15, "a priority")
        ) { $0.traffic.priority = Int($1) }
    }

    static var qdiscBypass: OptionSpec {
        .flag(
            "qdisc-bypass", in: .frame,
            help:
                "Hand the frames straight to the driver, past the qdisc and its priorities. They get no scheduled stamp, "
                + "and captures on this host do not show them."
        ) { $0.traffic.bypassesQdisc = true }
    }

    static func spin(_ help: String) -> OptionSpec {
        .flag("spin", in: .pace, help: help) { $0.traffic.spins = true }
    }

    static var spinForFrames: OptionSpec {
        .spin(
            "Busy-poll for frames instead of sleeping: takes a whole CPU, and removes the wake-up time from the figures."
        )
    }

    static var realtime: OptionSpec {
        .optionalValue(
            "realtime", "PRIO", in: .pace, fallback: CPUSchedulingOptions.defaultPriority,
            help:
                "Run at real-time priority PRIO (SCHED_FIFO, 1 to 99; 1 if none is given), lock the memory, and keep "
                + "idle CPUs out of deep sleep.",
            as: parseRealtimePriority
        ) { $0.traffic.scheduling.priority = $1 }
    }

    static var cpu: OptionSpec {
        .value(
            "cpu", nil, "N", in: .pace, completion: .cpus,
            help: "Run the measuring thread on CPU N. The thread that writes lines may run on any CPU.",
            as: parseCPU
        ) { $0.traffic.scheduling.cpu = $1 }
    }

    static func statistics(_ help: String) -> OptionSpec {
        .value("stats", nil, "TIME", in: .output, help: help, as: parseReportInterval) {
            $0.traffic.statisticsInterval = $1
        }
    }

    static var pcap: OptionSpec {
        .value(
            "pcap", nil, "FILE", in: .output, completion: .files,
            help:
                "Write the frames sent and received to a capture file (pcap), with their software stamps in nanoseconds.",
            as: parseOutputFile
        ) { $0.traffic.captureFile = $1 }
    }

    static var ptp: OptionSpec {
        .flag(
            "ptp", in: .frame,
            help: "Shape the frames as PTP event messages (Delay_Req in domain 127), for NICs that stamp "
                + "nothing else: EtherType 0x88f7, or with --udp port 319."
        ) { $0.traffic.isPTP = true }
    }

    static func udp(_ help: String) -> OptionSpec {
        .flag("udp", in: .frame, help: help) { $0.traffic.usesUDP = true }
    }

    static func sourceAddress(
        _ help: String = "With --udp: the source address. Default: the interface's own."
    ) -> OptionSpec {
        .value(
            "src-addr", nil, "ADDR", in: .frame, help: help,
            as: parseHostAddress
        ) { $0.traffic.sourceAddress = $1 }
    }

    static var destinationAddress: OptionSpec {
        .value(
            "dst-addr", nil, "ADDR", in: .frame,
            help: "With --udp: the destination address, IPv4 or IPv6.",
            as: parseHostAddress
        ) { $0.traffic.destinationAddress = $1 }
    }

    static var sourcePort: OptionSpec {
        .value(
            "src-port", nil, "PORT", in: .frame,
            help: "With --udp: the source port. Default: 60000; of PTP messages, 319.",
            as: parsePort
        ) { $0.traffic.sourcePort = $1 }
    }

    static func destinationPort(
        _ help: String = "With --udp: the destination port. Default: 61000; of PTP messages, 319."
    ) -> OptionSpec {
        .value(
            "dst-port", nil, "PORT", in: .frame, help: help,
            as: parsePort
        ) { $0.traffic.destinationPort = $1 }
    }

    static func outputOptions(verbose help: String) -> [OptionSpec] {
        [.quiet, .verbose(help), .pcap] + formatOptions
    }

    private static var quiet: OptionSpec {
        .flag("quiet", "q", in: .output, help: "Print no line per frame; the measurement is the same.") {
            $0.traffic.output.isQuiet = true
        }
    }

    private static func verbose(_ help: String) -> OptionSpec {
        .flag("verbose", "v", in: .output, help: help) { $0.traffic.output.isVerbose = true }
    }
}

extension OptionSpec where Values: CommandOptions {
    static var formatOptions: [OptionSpec] {
        let formats = ["auto"] + LineFormat.allCases.map(\.rawValue)
        return [
            .value(
                "format", nil, "FORMAT", in: .output, completion: .values(formats),
                shorthands: LineFormat.allCases.map(\.rawValue),
                help: "Output format: \(formats.joined(separator: ", ")). auto is text on a "
                    + "terminal and logfmt elsewhere. --json is short for --format json.",
                as: parseFormat
            ) { $0.output.format = $1 },
            .value(
                "color", nil, "WHEN", in: .output,
                completion: .values(ColorMode.allCases.map(\.rawValue)),
                help: "Colour the lines of the text format: auto (on a terminal), always, never.",
                as: choiceParser(ColorMode.self)
            ) { $0.output.color = $1 },
        ]
    }
}

extension OptionSpec where Values: HasControlPath {
    /// The option that selects how to request the NIC's setting.
    static var controlPath: OptionSpec {
        .value(
            "via", nil, "PATH", in: .general,
            completion: .values(ControlPath.allCases.map(\.rawValue)),
            help:
                "Kernel interface to use: netlink, ioctl, or auto (the default), which is netlink, or the ioctl if the "
                + "kernel does not answer by netlink.",
            as: choiceParser(ControlPath.self)
        ) { $0.path = $1 }
    }
}
