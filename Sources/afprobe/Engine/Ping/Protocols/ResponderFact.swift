/// A fact that a responder tells of itself; the name is its key in the summary.
enum ResponderFact: String, CaseIterable {
    case leap = "ntp_leap"
    case precision = "ntp_precision"
    /// In nanoseconds, as the next one.
    case rootDelay = "ntp_root_delay_ns"
    case rootDispersion = "ntp_root_dispersion_ns"
    case stratum = "ntp_stratum"

    enum Value: Equatable {
        case text(String)
        case number(Int64)
    }
}

/// The facts that are known, by their keys.
typealias ResponderFacts = [ResponderFact: ResponderFact.Value]
