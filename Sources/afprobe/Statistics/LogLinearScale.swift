/// Buckets that widen with the whole numbers in them: so many steps from one power of two to the next, and below twice
/// the steps a bucket for each number. Hence a bucket is at most one part in so many of its values wide. HdrHistogram's
/// are these, with 1024 steps for three significant digits.
struct LogLinearScale {
    /// The steps' binary logarithm.
    let stepBits: Int

    /// The bucket of a value, from 0.
    // Inlined, for the steps are a constant there: "ping: user instructions".
    @inline(__always)
    func bucket(of value: UInt64) -> Int {
        // What is left of a value are the bits of a step, below the highest one.
        let octave = 63 - stepBits - (value | 1 << UInt64(stepBits)).leadingZeroBitCount
        return octave &<< stepBits &+ Int(truncatingIfNeeded: value &>> UInt64(octave))
    }

    /// The least value in a bucket.
    func lowest(in bucket: Int) -> UInt64 {
        let octave = max(0, bucket >> stepBits - 1)
        return UInt64(bucket - octave << stepBits) << UInt64(octave)
    }
}
