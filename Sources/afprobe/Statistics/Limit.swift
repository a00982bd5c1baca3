// The grammar of --fail-if:
//
//     limits     = limit , { "," , limit } ;
//     limit      = duration-limit | loss-limit | count-limit ;
//     duration-limit = figure , "." , statistic , operator , duration ;
//     loss-limit = "loss" , operator , decimal , "%" ;
//     count-limit = counter , operator , digit , { digit } ;
//     operator   = ">" | ">=" | "<" | "<=" ;
//     duration   = decimal , ( "ns" | "us" | "µs" | "ms" | "s" | "m" | "h" ) ;
//     figure     = "rtt" | "network" | … ;  (* Figure *)
//     statistic  = "min" | "mean" | … ;     (* Statistic; also "avg", "median", "p999", "mdev" *)
//     counter    = "sent" | "received" | … ;  (* Counter *)
//
// Blanks may stand around operators and commas, and names may be in capitals. A limit says what makes the run fail.

/// A condition that makes a run fail, like `network.p99>50us`.
struct Limit: Equatable {
    enum Bound: Equatable {
        /// In nanoseconds.
        case duration(Figure, Statistic, Int64)
        case count(Counter, UInt64)
        /// Of the requests sent, in per cent.
        case loss(Double)
    }

    enum Comparison: String {
        case greater = ">"
        case greaterOrEqual = ">="
        case less = "<"
        case lessOrEqual = "<="

        func holds<Value: Comparable>(_ value: Value, _ bound: Value) -> Bool {
            switch self {
            case .greater: value > bound
            case .greaterOrEqual: value >= bound
            case .less: value < bound
            case .lessOrEqual: value <= bound
            }
        }
    }

    /// As it was given, without blanks.
    let text: String
    let comparison: Comparison
    let bound: Bound

    var isOnDuration: Bool { if case .duration = bound { true } else { false } }
    var isOnLoss: Bool { if case .loss = bound { true } else { false } }
}

/// The measured values that limits are judged by.
protocol Measurement {
    /// In nanoseconds; nil if it could not be measured.
    func value(of figure: Figure, _ statistic: Statistic) -> Int64?
    /// The number of values of a figure.
    func count(of figure: Figure) -> UInt64
    /// Nil if it was not counted.
    func value(of counter: Counter) -> UInt64?
    /// The reason why a figure has no values, if it has none.
    func absence(of figure: Figure) -> Absence
    func absence(of counter: Counter) -> Absence
}

/// A limit that was exceeded.
struct Violation: Equatable {
    enum Value: Equatable {
        case duration(Int64)
        case count(UInt64)
        case loss(UInt64, sent: UInt64)
    }

    let limit: Limit
    /// Nil if it could not be measured.
    let value: Value?
    /// The number of values of the figure; nil if the limit is on a count.
    var count: UInt64?
    /// The reason why nothing was measured; nil if something was.
    var absence: Absence?
}

extension Limit {
    /// The violation of this limit by a run; nil if there is none. A limit on a value that could not be measured is
    /// exceeded: a check must not pass because there was nothing to check.
    func violation(by run: some Measurement) -> Violation? {
        switch bound {
        case .duration(let figure, let statistic, let nanoseconds):
            let measured = run.value(of: figure, statistic)
            guard judge(measured, nanoseconds) else { return nil }
            let count = run.count(of: figure)
            return Violation(
                limit: self, value: measured.map(Violation.Value.duration), count: count,
                absence: count == 0 ? run.absence(of: figure) : nil)
        case .count(let counter, let number):
            let measured = run.value(of: counter)
            guard judge(measured, number) else { return nil }
            return Violation(
                limit: self, value: measured.map(Violation.Value.count),
                absence: measured == nil ? run.absence(of: counter) : nil)
        case .loss(let percent):
            // With requests of which nothing is known, the loss is not known either.
            guard let lost = run.value(of: .lost), let sent = run.value(of: .sent), sent > 0 else {
                return Violation(limit: self, value: nil, absence: .nothingSent)
            }
            guard run.value(of: .unknown) ?? 0 == 0 else {
                return Violation(limit: self, value: nil, absence: .unknownRequests)
            }
            // If equal, both are the nearest number to the same decimal: 1 of 1000 is not above 0.1 %.
            guard judge(100 * Double(lost) / Double(sent), percent) else { return nil }
            return Violation(limit: self, value: .loss(lost, sent: sent))
        }
    }

    private func judge<Value: Comparable>(_ value: Value?, _ bound: Value) -> Bool {
        value.map { comparison.holds($0, bound) } ?? true
    }
}
