internal import CShim
import Glibc

/// The clock of a NIC that takes its hardware stamps (PHC). Documentation/driver-api/ptp.rst in the kernel's sources
public struct PTPClock: ~Copyable, Sendable {
    /// The number N of /dev/ptpN.
    public let index: Int
    private let descriptor: Descriptor

    /// Opens a clock for reading.
    ///
    /// - Throws: `SystemError` of open(2): `accessDenied` if the device's mode forbids it.
    public init(index: Int) throws(SystemError) {
        self.index = index
        descriptor = try unsafe Descriptor("open(/dev/ptp)", open("/dev/ptp\(index)", O_RDONLY | O_CLOEXEC))
    }

    /// The clock and the system's clock, read at nearly one moment.
    public struct CrossTimestamp: Hashable, Sendable {
        /// The method of reading the two clocks.
        public enum Method: String, Sendable {
            /// By the hardware, at one moment. PTP_SYS_OFFSET_PRECISE
            case precise
            /// The PHC between two readings of the system's clock, next to the register. PTP_SYS_OFFSET_EXTENDED
            case extended
            /// The PHC between two readings of the system's clock, around the driver. PTP_SYS_OFFSET
            case basic
        }

        /// The PHC minus CLOCK_REALTIME, in nanoseconds.
        public let offset: Int64
        /// The max error of the offset, in nanoseconds: half the time between the two readings of the system's clock; of
        /// the precise method, half of what its results differ by, and at least 1.
        public let error: Int64
        /// The method used.
        public let method: Method
    }

    /// Compares the clock with CLOCK_REALTIME, by the best method that the driver has; of several samples, the one
    /// with the smallest error is used.
    ///
    /// - Throws: `SystemError` of ioctl(2), with `notSupported` if the driver has none.
    public func crossTimestamp() throws(SystemError) -> CrossTimestamp {
        // Whatever the reason of a failure, the next method may work: a cross-timestamp may need a certain clock
        // source, for instance.
        do throws(SystemError) { return try precise() } catch {
            do throws(SystemError) { return try extended() } catch { return try basic() }
        }
    }

    private func precise() throws(SystemError) -> CrossTimestamp {
        var offsets: [Int64] = []
        for _ in 0..<Self.preciseSamples { offsets.append(try preciseOffset()) }
        let (offset, error) = Self.agreement(of: offsets)
        return CrossTimestamp(offset: offset, error: error, method: .precise)
    }

    private static var preciseSamples: Int { 5 }

    /// The median of some offsets, and half of what they differ by. The counters behind a precise comparison tick every
    /// 25 to 50 ns on some machines, which no driver tells.
    static func agreement(of offsets: [Int64]) -> (offset: Int64, error: Int64) {
        let sorted = offsets.sorted()
        let (least, greatest) = (sorted[0], sorted[sorted.count - 1])
        return (sorted[sorted.count / 2], max(1, (greatest - least + 1) / 2))
    }

    private func preciseOffset() throws(SystemError) -> Int64 {
        // struct ptp_sys_offset_precise: the device's time, CLOCK_REALTIME, CLOCK_MONOTONIC_RAW, reserved.
        let times = try request(
            "PTP_SYS_OFFSET_PRECISE", cshim_PTP_SYS_OFFSET_PRECISE, times: 4, samples: nil)
        guard let device = times[0], let system = times[1] else {
            throw SystemError("PTP_SYS_OFFSET_PRECISE", .invalidArgument)
        }
        return device - system
    }

    private func extended() throws(SystemError) -> CrossTimestamp {
        // Per sample: the system's clock, the device's, the system's.
        let times = try request(
            "PTP_SYS_OFFSET_EXTENDED", cshim_PTP_SYS_OFFSET_EXTENDED, times: 3 * Self.maxSamples,
            samples: Self.maxSamples)
        let triples = stride(from: 0, to: times.count, by: 3).map {
            (times[$0], times[$0 + 1], times[$0 + 2])
        }
        return try best(of: triples, .extended)
    }

    private func basic() throws(SystemError) -> CrossTimestamp {
        // The system's clock and the device's in turn, ending with the system's.
        let times = try request(
            "PTP_SYS_OFFSET", cshim_PTP_SYS_OFFSET, times: 2 * Self.maxSamples + 1,
            samples: Self.maxSamples)
        let triples = stride(from: 0, to: times.count - 2, by: 2)
            .map { (times[$0], times[$0 + 1], times[$0 + 2]) }
        return try best(of: triples, .basic)
    }

    /// PTP_MAX_SAMPLES
    private static var maxSamples: Int { 25 }

    private func best(
        of samples: [(before: Timestamp?, device: Timestamp?, after: Timestamp?)],
        _ method: CrossTimestamp.Method
    ) throws(SystemError) -> CrossTimestamp {
        // A negative window: the system's clock was set in between.
        let sound = samples.compactMap {
            sample -> (before: Timestamp, device: Timestamp, after: Timestamp)? in
            guard let before = sample.before, let device = sample.device, let after = sample.after,
                after >= before
            else { return nil }
            return (before, device, after)
        }
        guard let sample = sound.min(by: { $0.after - $0.before < $1.after - $1.before }) else {
            throw SystemError("PTP_SYS_OFFSET", .invalidArgument)
        }
        let window = sample.after - sample.before
        let middle = Timestamp(nanoseconds: sample.before.nanoseconds + window / 2)
        return CrossTimestamp(offset: sample.device - middle, error: (window + 1) / 2, method: method)
    }

    /// Makes a request whose structure is a number of samples, if it has one, and an array of struct ptp_clock_time
    /// (seconds, nanoseconds, reserved), linux/ptp_clock.h; nil for an invalid time.
    private func request(
        _ operation: StaticString, _ number: CUnsignedLong, times count: Int, samples: Int?
    ) throws(SystemError) -> [Timestamp?] {
        let headerWords = samples == nil ? 0 : 2
        var words = [Int64](repeating: 0, count: headerWords + 2 * count)
        if let samples { words[0] = Int64(bitPattern: UInt32(samples).asFirstHalf) }
        guard unsafe cshim_ioctl(descriptor.rawValue, number, &words) == 0 else { throw .last(operation) }
        return (0..<count).map { index in
            let nanoseconds = words[headerWords + 2 * index + 1]
            let low = unsafe withUnsafeBytes(of: nanoseconds) { unsafe $0.loadUnaligned(as: UInt32.self) }
            return Timestamp(seconds: words[headerWords + 2 * index], nanoseconds: Int64(low))
        }
    }
}

extension UInt32 {
    /// The 64-bit word of this machine whose first four bytes are this number, as in a C structure.
    fileprivate var asFirstHalf: UInt64 {
        var word: UInt64 = 0
        unsafe withUnsafeMutableBytes(of: &word) { unsafe $0.storeBytes(of: self, as: UInt32.self) }
        return word
    }
}

/// The epoch of a clock, estimated from its offset to CLOCK_REALTIME.
public enum Timescale: String, Sendable {
    /// UTC, which has leap seconds.
    case utc
    /// TAI, which PTP uses.
    case tai
    /// Another epoch, for instance of a clock that was never set.
    case arbitrary

    /// The timescale of a clock that is `offset` nanoseconds ahead of CLOCK_REALTIME. Clocks that are set are within
    /// half a second of their timescale.
    ///
    /// - Parameter kernel: the kernel's offset between TAI and UTC in seconds; 0 as long as no daemon has told it, and
    ///   then it is taken for what it is since 2017, 37.
    public init(offset: Int64, kernelTAIOffset kernel: Int) {
        let known = kernel == 0 ? 37 : kernel
        // Far less than overflows: the kernel allows 100,000 s.
        let tai = Int64(known) * 1_000_000_000
        switch offset {
        case -500_000_000...500_000_000: self = .utc
        case tai - 500_000_000...tai + 500_000_000: self = .tai
        default: self = .arbitrary
        }
    }
}
