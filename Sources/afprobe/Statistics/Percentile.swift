/// A percentile, in thousandths of a per cent, so that ranks are whole numbers without rounding.
struct Percentile: Equatable {
    /// From 0 to 100000.
    let thousandths: UInt64

    init(thousandths: UInt64) {
        precondition(thousandths <= 100_000)
        self.thousandths = thousandths
    }

    static let p50 = Percentile(thousandths: 50_000)
    static let p90 = Percentile(thousandths: 90_000)
    static let p95 = Percentile(thousandths: 95_000)
    static let p99 = Percentile(thousandths: 99_000)
    static let p999 = Percentile(thousandths: 99_900)
    static let p100 = Percentile(thousandths: 100_000)

    /// The number of values from which on at least one lies above the percentile: with fewer it is only the maximum,
    /// and says nothing of its own. The median says enough of a single value.
    var neededCount: UInt64 {
        guard self != .p50, thousandths < 100_000 else { return 1 }
        return (100_000 + 99_999 - thousandths) / (100_000 - thousandths)
    }

    /// The nearest rank, from 1: that of the least of `count` values which at least this share of them do not exceed.
    func rank(of count: UInt64) -> UInt64 {
        // In two parts: the product with the whole count might overflow.
        let (whole, rest) = count.quotientAndRemainder(dividingBy: 100_000)
        return max(1, whole * thousandths + (rest * thousandths + 99_999) / 100_000)
    }
}
