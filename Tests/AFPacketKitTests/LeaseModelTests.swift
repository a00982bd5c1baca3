import Testing

@testable import AFPacketKit

/// Runs that come, leave, fail and are killed at any step, and other programs that change the setting in between, at
/// random, against a model of one promise: nobody who did not ask for it loses stamps.
@Suite struct LeaseModelTests {
    /// The number of histories, of 40 events each.
    static let histories: UInt64 = 10_000

    @Test func nobodyLosesWhatHeDidNotGiveUp() {
        var seen = LeaseModel.Tally()
        for seed in 0..<Self.histories {
            var model = LeaseModel(seed: seed)
            for _ in 0..<40 {
                model.step()
                if let breach = model.breach {
                    Issue.record("history \(seed): \(breach)\n\(model.log.joined(separator: "\n"))")
                    return
                }
            }
            model.endAll()
            if let breach = model.breach {
                Issue.record("history \(seed): \(breach)\n\(model.log.joined(separator: "\n"))")
                return
            }
            seen.add(model.tally)
        }
        print("\(Self.histories) histories of leases: \(seen)")
        // Each kind of event has to have happened often, or the test shows nothing.
        for (name, count) in seen.counts { #expect(count > 200, "\(name): \(count)") }
    }
}

/// Two ports, one of which a bond uses, three runs of three users, and other programs.
private struct LeaseModel {
    struct Tally: CustomStringConvertible {
        private(set) var counts: [String: Int] = [
            "taken": 0, "joined": 0, "restored": 0, "narrowed": 0, "in use": 0, "changed by others": 0,
            "killed": 0, "abandoned": 0, "refused": 0, "foreign": 0, "left on": 0, "left to PTP": 0,
            "failover": 0,
            "forged": 0,
            "all restored": 0,
        ]

        mutating func count(_ name: String) { counts[name, default: 0] += 1 }
        mutating func add(_ other: Tally) { counts.merge(other.counts, uniquingKeysWith: +) }
        var description: String {
            counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        }
    }

    private struct Run {
        let port: Int
        let terms: LeaseTerms
    }

    private let world = LeaseWorld()
    private var random: SeededGenerator
    private var runs: [Int: Run] = [:]
    /// The port that the bond uses.
    private var active = 0
    private let trust: [Bool]
    private(set) var log: [String] = []
    private(set) var breach: String?
    private(set) var tally = Tally()

    init(seed: UInt64) {
        random = SeededGenerator(state: seed)
        // In half of the histories all runs belong to one user.
        trust = [true, true, Bool.random(using: &random)]
        for port in world.ports.indices {
            let setting = random.pick(Self.nicSettings)
            world.ports[port].setting = setting
            world.ports[port].chosen = setting
            world.ports[port].written = setting
        }
    }

    private static var settings: [HardwareTimestampingSetting] {
        let filters: [ReceiveFilter] = [.none, .ptpV2OverEthernet, .ptpV2, .everything]
        return [TransmitType.off, .on].flatMap { type in
            filters.map { HardwareTimestampingSetting(transmitType: type, receiveFilter: $0) }
        }
    }

    /// The settings that this NIC has.
    private static var nicSettings: [HardwareTimestampingSetting] {
        settings.filter { $0.receiveFilter != .ptpV2OverEthernet }
    }

    mutating func step() {
        let process = Int.random(in: 0..<3, using: &random)
        switch Int.random(in: 0..<10, using: &random) {
        case 0: changeByOther()
        case 1:
            active = 1 - active
            tally.count("failover")
        case 2: comeOrGoOfPTP()
        case 3 where runs[process] != nil: kill(process)
        case 4: forge()
        default: runs[process] == nil ? take(process) : leave(process)
        }
        check()
    }

    /// Ends all runs, and checks that nothing is left on if nothing hindered them.
    mutating func endAll() {
        for process in 0..<3 where runs[process] != nil {
            leave(process)
            check()
        }
        for (index, port) in world.ports.enumerated() where !port.isHindered && trust.allSatisfy(\.self) {
            tally.count("all restored")
            if port.setting != port.chosen, port.setting != port.written, breach == nil {
                breach = "port \(index) was left at \(port.setting), not \(port.chosen)"
            }
        }
    }

    // MARK: Events

    private mutating func changeByOther() {
        let port = Int.random(in: 0..<2, using: &random)
        let setting = random.pick(Self.nicSettings)
        // The one known gap, but for a PTP program.
        guard !isUnnoticed(setting, on: port) else { return }
        log.append("other program: port \(port) \(setting)")
        tally.count("foreign")
        world.ports[port].setting = setting
        world.ports[port].chosen = setting
        world.ports[port].written = setting
        world.ports[port].chosenBeforePTP = nil
        // A run that was there before has lost its stamps to that program, not to a run.
        for (process, run) in runs where run.port == port { world.bereft.insert(process) }
    }

    /// A stranger shows a claim of his own making, or none.
    private mutating func forge() {
        let port = Int.random(in: 0..<2, using: &random)
        tally.count("forged")
        guard Bool.random(using: &random) else {
            world.forged[port] = nil
            return
        }
        let claim = LeaseClaim(
            chain: random.pick([0, 1, 2, .max]),
            original: random.pick(Self.settings),
            widened: random.pick(Self.settings),
            hadPTPParticipant: Bool.random(using: &random))
        log.append("forged on port \(port): \(claim)")
        world.forged[port] = claim
        world.ports[port].isHindered = true
    }

    private mutating func comeOrGoOfPTP() {
        let port = Int.random(in: 0..<2, using: &random)
        world.ports[port].hasPTP.toggle()
        log.append("PTP on port \(port): \(world.ports[port].hasPTP)")
        guard world.ports[port].hasPTP else {
            // What it set unnoticed nobody needs any more.
            if let chosen = world.ports[port].chosenBeforePTP { world.ports[port].chosen = chosen }
            world.ports[port].chosenBeforePTP = nil
            return
        }
        // It sets what it needs, which may be in force.
        let setting = HardwareTimestampingSetting(transmitType: .on, receiveFilter: .ptpV2)
        let none = HardwareTimestampingSetting(transmitType: .off, receiveFilter: .none)
        let chosenBefore = world.ports[port].setting == setting ? world.ports[port].chosen : none
        let isUnnoticed = isUnnoticed(setting, on: port)
        world.ports[port].setting = setting
        world.ports[port].written = setting
        world.ports[port].chosenBeforePTP = isUnnoticed ? chosenBefore : nil
        if isUnnoticed { world.ports[port].isHindered = true }
        for (process, run) in runs where run.port == port { world.bereft.insert(process) }
        // Another one was there when a chain began, and did not need more than the chain's original.
        let isTakenForAnother = world.claims.values.contains {
            $0.port == port && $0.claim.widened == setting && $0.claim.hadPTPParticipant
        }
        world.ports[port].chosen = isTakenForAnother ? chosenBefore : setting
    }

    /// Returns whether a program that writes this may not be noticed: it is the very setting that a run claims.
    private func isUnnoticed(_ setting: HardwareTimestampingSetting, on port: Int) -> Bool {
        world.claims.values.contains { $0.port == port && $0.claim.widened == setting }
    }

    private mutating func kill(_ process: Int) {
        log.append("killed: \(process)")
        tally.count("killed")
        if let run = runs[process], run.terms.claim.widened != run.terms.claim.original {
            world.ports[run.port].isHindered = true
        }
        world.die(process)
        runs[process] = nil
    }

    private mutating func take(_ process: Int) {
        // One process in three uses the bond.
        let port = process == 2 ? active : Int.random(in: 0..<2, using: &random)
        let before = world.ports[port].setting
        let need = random.pick(Self.settings)
        var host = ModelHost(world: world, port: port, process: process, trust: trust, random: random)
        host.planFailure()
        defer { random = host.random }
        do {
            let terms = try LeaseTerms.take(from: &host) { current in
                guard !current.includes(need) else { return nil }
                var wanted = current
                if need.transmitType == .on { wanted.transmitType = .on }
                if !wanted.receiveFilter.includes(need.receiveFilter) {
                    wanted.receiveFilter =
                        need.receiveFilter.includes(wanted.receiveFilter) ? need.receiveFilter : .everything
                }
                return wanted
            }
            log.append("\(process) takes port \(port): \(terms.claim), found \(terms.found)")
            runs[process] = Run(port: port, terms: terms)
            world.bereft.remove(process)
            tally.count("taken")
            if terms.claim.original != terms.found { tally.count("joined") }
            if terms.leftOn != nil { tally.count("left on") }
        } catch {
            if !host.isDead, world.ports[port].setting != before {
                breach = "a lease that was not taken left \(world.ports[port].setting), not \(before)"
            }
            end(process, port, host, "take")
        }
    }

    private mutating func leave(_ process: Int) {
        guard let run = runs[process] else { return }
        runs[process] = nil
        var host = ModelHost(world: world, port: run.port, process: process, trust: trust, random: random)
        host.planFailure()
        defer { random = host.random }
        do {
            let ending = try run.terms.leave(&host) { _ in nil }
            // As it withdrew its claim, if it was killed.
            world.die(process)
            log.append("\(process) leaves port \(run.port): \(ending)")
            switch ending {
            case .unchanged: break
            case .restored: tally.count("restored")
            case .narrowed: tally.count("narrowed")
            case .stillInUse: tally.count("in use")
            case .abandoned: tally.count("abandoned")
            case .changedByOthers: tally.count("changed by others")
            case .leftToPTP:
                tally.count("left to PTP")
                world.ports[run.port].isHindered = true
            case .gone: breach = "gone"
            }
        } catch { end(process, run.port, host, "leave") }
    }

    /// The end of an attempt that the kernel refused or a signal cut off.
    private mutating func end(_ process: Int, _ port: Int, _ host: ModelHost, _ name: String) {
        log.append("\(process) cannot \(name) port \(port): \(host.isDead ? "killed" : "refused")")
        tally.count(host.isDead ? "killed" : "refused")
        world.ports[port].isHindered = true
        if host.isDead { world.die(process) }
    }

    // MARK: The promise

    private mutating func check() {
        guard breach == nil else { return }
        for (index, port) in world.ports.enumerated() where !port.setting.includes(port.chosen) {
            breach = "port \(index) is at \(port.setting), but a program chose \(port.chosen)"
        }
        for (process, run) in runs where !world.bereft.contains(process) {
            let setting = world.ports[run.port].setting
            if !setting.includes(run.terms.claim.widened) {
                breach = "run \(process) was left with \(setting) of \(run.terms.claim.widened)"
            }
        }
        if world.lockedBy != nil { breach = "the lock is held between two events" }
        if Set(world.claims.keys) != Set(runs.keys) { breach = "claims do not fit the runs" }
    }
}
