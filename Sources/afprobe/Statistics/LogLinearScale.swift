/// Buckets that widen with their values: a fixed number of steps from one power of two to the next, and a bucket for
/// each number below twice the steps. Hence a bucket's width is at most its values divided by the steps. HdrHistogram
/// has the same, with 1024 steps for three significant digits.
struct LogLinearScale {
    /// The steps' binary logarithm.
    let stepBits: Int

    /// The bucket of a value, from 0.
    @inline(__always)  // "ping, with follow-ups: user instructions"
    func bucket(of value: UInt64) -> Int {
        // Only the bits of a step are left of the value, below the highest one.
        let octave = 63 - stepBits - (value | 1 << UInt64(stepBits)).leadingZeroBitCount
        return octave &<< stepBits &+ Int(truncatingIfNeeded: value &>> UInt64(octave))
    }

    /// The minimum value in a bucket.
    func lowest(in bucket: Int) -> UInt64 {
        let octave = max(0, bucket >> stepBits - 1)
        return UInt64(bucket - octave << stepBits) << UInt64(octave)
    }
}
