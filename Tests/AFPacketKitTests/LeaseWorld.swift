import Testing

@testable import AFPacketKit

/// The NIC, the claims and the note that all runs share.
final class LeaseWorld {
    struct Port {
        var setting = HardwareTimestampingSetting(transmitType: .off, receiveFilter: .none)
        /// The setting that other programs have chosen.
        var chosen = HardwareTimestampingSetting(transmitType: .off, receiveFilter: .none)
        /// The setting that other programs wrote last.
        var written = HardwareTimestampingSetting(transmitType: .off, receiveFilter: .none)
        var hasPTP = false
        var chosenBeforePTP: HardwareTimestampingSetting?
        var note: LeaseNote?
        /// A run was killed, refused or made way, so that something may be left on.
        var isHindered = false
    }

    var ports = [Port(), Port()]
    var claims: [Int: (port: Int, claim: LeaseClaim)] = [:]
    /// The claims of a stranger, by port.
    var forged: [Int: LeaseClaim] = [:]
    var lockedBy: Int?
    /// Runs whose setting another program has changed.
    var bereft: Set<Int> = []

    /// Removes what the kernel removes when a process ends.
    func die(_ process: Int) {
        claims[process] = nil
        if lockedBy == process { lockedBy = nil }
    }
}

/// The world as one run sees it, which may fail or be killed at any step.
struct ModelHost: LeaseHost {
    let world: LeaseWorld
    let port: Int
    let process: Int
    let trust: [Bool]
    var random: SeededGenerator
    private(set) var isDead = false
    /// The steps until the process is killed, or a change is refused.
    private var stepsToDeath = Int.max
    private var refusesChange = false
    /// Tells whether the first change is made, and fails all the same.
    private var failsAfterChange = false

    init(world: LeaseWorld, port: Int, process: Int, trust: [Bool], random: SeededGenerator) {
        (self.world, self.port, self.process, self.trust) = (world, port, process, trust)
        self.random = random
    }

    mutating func planFailure() {
        switch Int.random(in: 0..<20, using: &random) {
        case 0: stepsToDeath = Int.random(in: 0..<8, using: &random)
        case 1: refusesChange = true
        case 2: failsAfterChange = true
        default: break
        }
    }

    private mutating func live() throws(TimestampingLeaseError) {
        if stepsToDeath == 0 { isDead = true }
        stepsToDeath -= 1
        if isDead { throw .system(SystemError("kill", .interrupted)) }
    }

    mutating func lock() throws(TimestampingLeaseError) {
        try live()
        precondition(world.lockedBy == nil)
        world.lockedBy = process
    }

    mutating func unlock() { if world.lockedBy == process { world.lockedBy = nil } }

    mutating func show(_ claim: LeaseClaim?) throws(TimestampingLeaseError) {
        try live()
        world.claims[process] = claim.map { (port, $0) }
    }

    func others() throws(TimestampingLeaseError) -> [OtherClaim] {
        let forged = world.forged[port].map { OtherClaim(claim: $0, isBelieved: false, name: "forged") }
        let shown = world.claims.filter { $0.key != process && $0.value.port == port }
        return (forged.map { [$0] } ?? [])
            + shown.sorted { $0.key < $1.key }.map {
                OtherClaim(
                    claim: $0.value.claim, isBelieved: trust[$0.key] == trust[process] || trust[$0.key],
                    name: "\($0.key)")
            }
    }

    func setting() throws(TimestampingLeaseError) -> HardwareTimestampingSetting { world.ports[port].setting }

    mutating func change(
        to setting: HardwareTimestampingSetting
    ) throws(TimestampingLeaseError) -> HardwareTimestampingSetting {
        try live()
        if refusesChange { throw .system(SystemError("SIOCSHWTSTAMP", .outOfRange)) }
        // This NIC knows no filter for Ethernet alone.
        var granted = setting
        if granted.receiveFilter == .ptpV2OverEthernet { granted.receiveFilter = .ptpV2 }
        world.ports[port].setting = granted
        if failsAfterChange {
            failsAfterChange = false
            throw .system(SystemError("SIOCGHWTSTAMP", .interrupted))
        }
        try live()
        return granted
    }

    func hasPTPParticipant() -> Bool { world.ports[port].hasPTP }
    func note() -> LeaseNote? { world.ports[port].note }
    mutating func write(_ note: LeaseNote?) { if !isDead { world.ports[port].note = note } }
}

/// Random numbers that a seed repeats. SplitMix64
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: elements.indices, using: &self)]
    }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
        return word ^ word >> 31
    }
}
