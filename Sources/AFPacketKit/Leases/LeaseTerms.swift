/// The terms of a lease: how a run widens the setting of a device and what it restores, so that nobody who did not ask
/// for it loses stamps, whoever comes, leaves or is killed in between.
///
/// - A run shows its claim before it changes anything. A claim ends with its process.
/// - A run that finds in force what a believed run of the newest chain claims joins the chain, and takes over its
///   original. What it finds otherwise somebody else has chosen: that is the original of the next chain.
/// - A run that leaves restores the original, or, if others of its chain need more, what they need. It restores nothing
///   if the setting is not the one that the chain claims: somebody else has changed it, or a run was killed.
/// - Nothing is restored if a PTP program has come since the chain began: the setting is its choice, even if it is the
///   one that the chain claims. No other program that writes the very setting which runs have in force can be noticed.
/// - A run of an older chain restores nothing while a newer one runs: that found another setting than the older one's, or
///   did not believe its word. In the second case the original is restored by nobody, which is told.
struct LeaseTerms {
    let claim: LeaseClaim
    /// The setting in force when the lease began.
    let found: HardwareTimestampingSetting
    /// The change that a killed run has left; nil if none is known.
    let leftOn: LeaseNote?

    /// Takes a lease.
    ///
    /// - Parameter widen: returns the needed setting for the one in force, which it must not narrow; nil if nothing is
    ///   missing.
    static func take(
        from host: inout some LeaseHost,
        widening widen: (HardwareTimestampingSetting) -> HardwareTimestampingSetting?
    ) throws(TimestampingLeaseError) -> LeaseTerms {
        try host.lock()
        defer { host.unlock() }
        let found = try host.setting()
        let others = try host.others()
        let note = host.note()
        let leftOn = others.isEmpty && note?.widened == found ? note : nil
        let newest = others.map(\.claim.chain).max() ?? 0
        // No run gets that far: a stranger has made this up, and leaves no number for the next chain.
        guard newest < .max else { throw .busy(by: nil) }
        let joined = others.first {
            $0.isBelieved && $0.claim.chain == newest && $0.claim.widened == found
        }?.claim
        var claim = LeaseClaim(
            chain: joined == nil ? newest + 1 : newest, original: joined?.original ?? found,
            widened: widen(found) ?? found,
            hadPTPParticipant: joined?.hadPTPParticipant ?? host.hasPTPParticipant())
        try host.show(claim)
        if claim.widened != found {
            do throws(TimestampingLeaseError) {
                host.write(claim.note(after: note, found))
                let granted = try host.change(to: claim.widened)
                if granted != claim.widened {
                    claim.widened = granted
                    try host.show(claim)
                    host.write(claim.note(after: note, found))
                }
            } catch {
                // The change may have been made all the same.
                let isUndone = (try? host.setting()) == found || (try? host.change(to: found)) == found
                if isUndone { host.write(note) }
                try? host.show(nil)
                throw error
            }
        }
        return LeaseTerms(claim: claim, found: found, leftOn: leftOn)
    }

    /// Ends the lease. The claim is withdrawn in any case.
    ///
    /// - Parameter owner: returns the process that shows a claim.
    func leave(
        _ host: inout some LeaseHost, owner: (OtherClaim) -> ProcessIdentity?
    ) throws(TimestampingLeaseError) -> TimestampingLease.Ending {
        defer { try? host.show(nil) }
        try host.lock()
        defer { host.unlock() }
        let current = try host.setting()
        guard claim.widened != claim.original else {
            return current.includes(claim.widened) ? .unchanged : .changedByOthers(current)
        }
        let others = try host.others()
        let newer = others.filter { $0.claim.chain > claim.chain }
        guard newer.isEmpty else {
            // It found this chain's setting, and did not believe its word; or what another program had set.
            let heir = newer.first { $0.claim.original == claim.widened }
            guard let heir, current == claim.widened else { return .changedByOthers(current) }
            return .abandoned(to: owner(heir))
        }
        let note = host.note()
        if let note, note.widened == current, note.chain != claim.chain {
            // A killed run of another chain changed it last, to the same by chance.
            return .changedByOthers(current)
        }
        let members = others.filter { $0.claim.chain == claim.chain }
        guard let claimed = Self.widest([claim] + members.map(\.claim)), current == claimed else {
            host.write(nil)
            return current == claim.original ? .unchanged : .changedByOthers(current)
        }
        guard current != claim.original else { return .unchanged }
        let needing = members.filter { !claim.original.includes($0.claim.widened) }
        let target = needing.isEmpty ? claim.original : Self.widest(needing.map(\.claim))
        guard let target, target != current, needing.allSatisfy(\.isBelieved) else {
            return .stillInUse(by: needing.first.flatMap(owner))
        }
        if !claim.hadPTPParticipant, host.hasPTPParticipant() {
            host.write(nil)
            return .leftToPTP(current)
        }
        let restored = try host.change(to: target)
        var left = claim
        left.widened = restored
        host.write(needing.isEmpty ? leftOn : left.note(after: note, current))
        return needing.isEmpty ? .restored(restored) : .narrowed(restored)
    }

    /// The setting of the claim that includes all others'; nil if there is none.
    private static func widest(_ claims: [LeaseClaim]) -> HardwareTimestampingSetting? {
        claims.first { candidate in claims.allSatisfy { candidate.widened.includes($0.widened) } }?.widened
    }
}

extension LeaseClaim {
    /// The note of a change by this claim.
    ///
    /// - Parameters:
    ///   - former: the note before.
    ///   - found: the setting before. If the former note explains it, its original is still the one to tell.
    fileprivate func note(after former: LeaseNote?, _ found: HardwareTimestampingSetting) -> LeaseNote {
        let original = former.flatMap { $0.widened == found ? $0.original : nil }
        return LeaseNote(chain: chain, original: original ?? self.original, widened: widened)
    }
}
