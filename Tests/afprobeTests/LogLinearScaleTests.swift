import Testing

@testable import afprobe

@Suite struct LogLinearScaleTests {
    @Test(arguments: [4, 10])
    func aBucketReachesToTheNext(stepBits: Int) {
        let scale = LogLinearScale(stepBits: stepBits)
        #expect(scale.lowest(in: 0) == 0)
        for bucket in 0..<scale.bucket(of: 1 << 42) {
            let (lowest, next) = (scale.lowest(in: bucket), scale.lowest(in: bucket + 1))
            #expect(lowest < next)
            #expect(scale.bucket(of: lowest) == bucket && scale.bucket(of: next - 1) == bucket)
            // At most one part in as many as there are steps.
            #expect(next - lowest == 1 || (next - lowest) << UInt64(stepBits) <= lowest)
        }
    }
}
