import AFPacketKit

// The wording of the engine's diagnostics. Advice is in Advice.swift, PrivilegeAdvice.swift and RunFailures.swift.

extension Diagnostic {
    var message: Message {
        switch self {
        case .timestampingChanged(let name, let old, let new):
            Message(.info, "Changed hardware timestamping on \(name) for this run", fields(old, new))
        case .timestampingRefused(let refusal): Message(Failure(RunError(refusal)), as: .warning)
        case .timestampingRestored(let name, let setting):
            Message(.info, "Restored hardware timestamping on \(name)", fields(setting))
        case .timestampingNotRestored(let device, let setting, let error):
            Message(
                Failure(
                    "Cannot restore hardware timestamping on \(device.name)", error, on: device,
                    hint: settingAdvice(device.name, setting)), as: .warning)
        case .timestampingNarrowed(let name, let setting):
            Message(
                .info, "Restored hardware timestamping on \(name) as far as another afprobe does not need it",
                fields(setting))
        case .timestampingInUse(let name, let process):
            Message(
                .info, "Another afprobe still uses hardware timestamping on \(name), and restores it",
                process.map { [Field("pid", "\($0.process)")] } ?? [])
        case .timestampingAbandoned(let name, let process, let setting):
            Message(
                .warning,
                "Hardware timestamping on \(name) is left on: \(description(of: process)) uses it, "
                    + "and does not know how it was before",
                fields(before: setting), hint: advice(for: self))
        case .timestampingLeft(let name, let setting):
            Message(
                .info, "Another program changed hardware timestamping on \(name); it is left as it is",
                fields(setting))
        case .timestampingLeftToPTP(let name, let setting):
            Message(
                .info, "A PTP program has begun to use \(name): hardware timestamping is left as it is",
                fields(before: setting), hint: advice(for: self))
        case .timestampingGone(let name, let setting):
            warning(
                "Interface \(name) has gone: its hardware timestamping cannot be restored",
                fields(before: setting))
        case .timestampingSetDuringRun(let name, let process, let setting):
            warning(
                "\(description(of: process)) uses hardware timestamping on \(name)", fields(before: setting))
        case .timestampingLeftOn(let name, let note):
            warning(
                "An afprobe that was killed has left hardware timestamping on \(name) changed",
                fields(note.original, note.widened))
        case .transmitStampsLeft(let name):
            Message(
                .info, "A PTP program uses \(name): its NIC is not asked for transmit stamps",
                hint: advice(for: self))
        case .transmitStampsShared(let name):
            warning("A PTP program uses \(name), too: it may lose transmit stamps to this run")
        case .timestampingLost(let name, let old, let new):
            Message(
                .warning, "Another program changed hardware timestamping on \(name) during the run",
                fields(old, new))
        case .noCarrier(let name): warning("Interface \(name) has no carrier: no frame will pass")
        case .bridge(let name, _):
            Message(
                .info, "Interface \(name) is a bridge: only its ports can take hardware stamps",
                hint: advice(for: self))
        case .linkDown(let name): warning("Interface \(name) went down; waiting until it is up")
        case .linkUp(let name): Message(.info, "Interface \(name) is up again")
        case .carrierFlapped(let name, let times):
            Message(
                .warning,
                "Interface \(name) lost its carrier \(times == 1 ? "once" : "\(times) times") for a moment",
                hint: advice(for: self))
        case .carrierLost(let name):
            warning("Interface \(name) has lost its carrier: no frame passes until it is back")
        case .carrierBack(let name): Message(.info, "Interface \(name) has a carrier again")
        case .renamed(let old, let new): Message(.info, "Interface \(old) is named \(new) now")
        case .addressChanged(let name, let old, let new, _):
            warning(
                "The MAC address of interface \(name) has changed",
                [Field("mac", "\(new)"), Field("mac_before", "\(old)")])
        case .mtuChanged(let name, let old, let new):
            Message(
                .info, "The MTU of interface \(name) has changed",
                [Field("mtu", "\(new)"), Field("mtu_before", "\(old)")])
        case .clockChanged(let name, let old, let new):
            warning(
                "Interface \(name) uses another port: this run takes no more hardware stamps",
                [Field("clock", new ?? "none"), Field("clock_before", old ?? "none")])
        case .requestNotSent(let error):
            Message(
                Failure("Requests cannot be sent at the moment", error), as: .warning)
        case .framesDropped(let error):
            warning("This host drops frames before the NIC", [Field("error", error.description)])
        case .noLaunchQdisc(let name, let kinds):
            warning(
                "No qdisc of interface \(name) honours launch times: frames leave at once",
                kinds.isEmpty ? [] : [Field("qdiscs", kinds.joined(separator: ","))])
        case .portNotGuarded(let port, .addressInUse):
            warning("UDP port \(port) belongs to another program and is not guarded")
        case .portNotGuarded(let port, _):
            warning("UDP port \(port) needs CAP_NET_BIND_SERVICE and is not guarded")
        case .memoryNotLocked(let error):
            Message(Failure("Cannot keep the program in memory", error), as: .warning)
        case .cpusMaySleep(let error):
            Message(Failure("Cannot keep idle CPUs from sleeping deeply", error), as: .warning)
        case .systemCallsDenied(let denials):
            Message(
                .warning,
                "Denied \(denials.count) system calls of this program, which its filter does not know",
                hint:
                    "the latest was number \(denials.latest): please report it, with the C library's version")
        case .requestRefused(.destination(let address)):
            warning("Pings to \(address) are not answered: this interface does not have that address")
        case .requestRefused(.source(let address)):
            warning("Pings from \(address) are not answered: that address is not on this link")
        case .otherForm(let form, _): warning(description(of: form))
        case .otherResponder(let peer): warning("Another responder answers for \(peer) now")
        case .nameFound(let name, let address):
            Message(.info, "Found \(name)", [Field("address", address.description)])
        case .wayChanged(let peer, let old, let new, _):
            Message(
                .warning, "The route to \(peer) has changed",
                [Field("from", description(of: old)), Field("to", description(of: new))],
                hint: advice(for: self))
        case .undeliverable(let peer, let error):
            Message(
                .warning, "Requests to \(peer) cannot be delivered", [Field("error", "\(error.code)")],
                hint: advice(for: self))
        case .redirected(let peer):
            Message(.info, "A router redirects the requests to \(peer)", hint: advice(for: self))
        case .implausibleTurnaround(let peer):
            warning("Implausible stamps came from \(peer): a turnaround below 0 or above the round trip")
        case .framesLeftOut(let count, let total):
            warning("Left out \(count) of \(total) frames of the capture: they were cut short")
        }
    }

    private typealias Field = Message.Field

    private func warning(_ text: String, _ fields: [Field] = []) -> Message {
        Message(.warning, text, fields, hint: advice(for: self))
    }

    private func fields(_ setting: HardwareTimestampingSetting) -> [Field] {
        [
            Field("rx_filter", setting.receiveFilter.description),
            Field("tx_type", setting.transmitType.description),
        ]
    }

    private func fields(before setting: HardwareTimestampingSetting) -> [Field] {
        [
            Field("rx_filter_before", setting.receiveFilter.description),
            Field("tx_type_before", setting.transmitType.description),
        ]
    }

    private func fields(
        _ old: HardwareTimestampingSetting, _ new: HardwareTimestampingSetting
    ) -> [Field] {
        [
            Field("rx_filter", new.receiveFilter.description),
            Field("rx_filter_before", old.receiveFilter.description),
            Field("tx_type", new.transmitType.description),
            Field("tx_type_before", old.transmitType.description),
        ]
    }
}

extension Failure {
    /// The failure of a run to begin or to continue.
    init(_ error: RunError) {
        let name = error.interface?.name ?? "IF"
        let goal =
            switch error.operation {
            case .send: "Cannot send on interface \(name)"
            case .receive: "Cannot receive on interface \(name)"
            case .ping: "Cannot ping on interface \(name)"
            case .readCompletions: "Cannot read the transmit stamps of interface \(name)"
            case .readCounters: "Cannot read the counters of interface \(name)"
            case .findInterface: "Interface \(name) has gone"
            case .wait: "Cannot wait for frames"
            case .measureWakeUp: "Cannot measure the wake-up time"
            case .queueSignals: "Cannot wait for signals"
            case .runOnCPU(let cpu): "Cannot run on CPU \(cpu)"
            case .runInRealTime(let priority): "Cannot run at real-time priority \(priority)"
            case .guardPort(let port): "Cannot bind UDP port \(port)"
            case .turnOnHardwareTimestamping: "Cannot turn on hardware timestamping on \(name)"
            case .startWriter: "Cannot start the thread that writes lines"
            case .dropCapabilities: "Cannot give up the capabilities"
            }
        switch error.reason {
        case .system(let cause): self.init(goal, cause, interface: error.interface)
        case .hardware(let refusal): self.init(goal, refusal)
        }
    }

    private init(_ goal: String, _ refusal: HardwareRefusal) {
        switch refusal.reason {
        case .lease(let cause): self.init(goal, cause, on: refusal.interface)
        case .transmitType:
            self = .refused(
                goal, reason: "it does not stamp frames that it sends",
                hint: capabilityAdvice(refusal.interface))
        case .receiveFilter(let filter):
            self = .refused(
                goal,
                reason:
                    "it does not stamp all frames of this shape that it receives: its filter is \(filter)",
                hint: shapeAdvice(refusal.interface))
        }
    }
}

extension Failure {
    /// A lease that cannot be taken or ended.
    ///
    /// - Parameter hint: the way out if the error has none of its own.
    init(
        _ goal: String, _ error: TimestampingLeaseError, on interface: NetworkInterface, hint: String? = nil
    ) {
        let reason: String
        switch error {
        case .system(let cause):
            self.init(goal, cause, interface: interface)
            if self.hint == nil { self.hint = hint }
            return
        case .busy(nil): reason = "a process of this network namespace keeps it locked"
        case .busy(let process?): reason = "\(description(of: process)) keeps it locked"
        case .elsewhere(let name): reason = "the NIC below \(name) is in another network namespace"
        case .bondWithoutActivePort(let name): reason = "\(name) is a bond without a single active port"
        case .bridge(let name): reason = "\(name) is a bridge, whose ports stamp each for itself"
        }
        self = .refused(goal, reason: reason, hint: advice(for: error) ?? hint)
    }
}

/// A process by its program, number and user, such as `afprobe (pid 12, user 0)`.
func description(of process: ProcessIdentity?) -> String {
    guard let process else { return "another process" }
    return "\(process.program ?? "a process") (pid \(process.process), user \(process.user))"
}

/// `eth0 via 192.0.2.1 at 02:42:ac:c8:01:62`.
private func description(of way: Way) -> String {
    way.interface + (way.router.map { " via \($0)" } ?? "") + (way.station.map { " at \($0)" } ?? "")
}
