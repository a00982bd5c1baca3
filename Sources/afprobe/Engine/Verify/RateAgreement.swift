/// The results of the same measurement of a rate, until two of them agree within 10 %: a single one may be a matter of
/// chance.
struct RateAgreement {
    private var results: [(sustained: UInt64, skipping: TrialOutcome?)] = []
    /// Results without a rate: not even the slowest trial had all stamps.
    private var failures: [TrialOutcome] = []

    var count: Int { results.count + failures.count }

    mutating func add(_ result: (sustained: UInt64?, skipping: TrialOutcome?)) {
        guard let sustained = result.sustained else {
            if let skipping = result.skipping { failures.append(skipping) }
            return
        }
        results.append((sustained, result.skipping))
        results.sort { $0.sustained < $1.sustained }
    }

    var isReached: Bool { failures.count >= 2 || agreed != nil }

    /// The lower of two results that agree; nil if none do.
    private var agreed: (sustained: UInt64, skipping: TrialOutcome?)? {
        zip(results, results.dropFirst()).first { ($1.sustained - $0.sustained) * 10 <= $1.sustained }?.0
    }

    var sustained: UInt64? { failures.count >= 2 ? nil : agreed?.sustained }

    /// The trial in which stamps were skipped after that rate; nil if there was none.
    var skipping: TrialOutcome? {
        failures.count >= 2 ? failures[0] : (agreed ?? results.first)?.skipping ?? failures.first
    }
}
