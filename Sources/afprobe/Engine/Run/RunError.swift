import AFPacketKit

/// The reason why a run cannot begin or continue, as a value. Only Output has words for it.
struct RunError: Error {
    /// The step of the run that failed.
    enum Operation {
        case send
        case receive
        case ping
        case readCompletions
        case readCounters
        case findInterface
        case wait
        case measureWakeUp
        case queueSignals
        case runOnCPU(Int)
        case runInRealTime(Int)
        case guardPort(UInt16)
        case turnOnHardwareTimestamping
        case startWriter
        case dropCapabilities
    }

    enum Reason {
        case system(SystemError)
        case hardware(HardwareRefusal)
    }

    let operation: Operation
    let reason: Reason
    /// Nil if the step is about no interface.
    let interface: NetworkInterface?

    init(_ operation: Operation, _ error: SystemError, on interface: NetworkInterface? = nil) {
        self.operation = operation
        reason = .system(error)
        self.interface = interface
    }

    init(_ refusal: HardwareRefusal) {
        operation = .turnOnHardwareTimestamping
        reason = .hardware(refusal)
        interface = refusal.interface
    }
}
