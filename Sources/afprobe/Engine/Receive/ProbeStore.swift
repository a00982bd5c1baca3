import AFPacketKit

/// Probes that other threads have found, a portion at a time.
struct ProbeStore: ~Copyable {
    private var probes: [StoredProbe] = []
    private var frames: MessageBatch
    private let capacity: Int

    init(capacity: Int) {
        self.capacity = capacity
        probes.reserveCapacity(capacity)
        frames = MessageBatch(capacity: capacity, frameCapacity: StoredProbe.maxLength)
    }

    var count: Int { probes.count }
    var hasRoom: Bool { count < capacity }

    mutating func removeAll() {
        probes.removeAll(keepingCapacity: true)
        frames.removeAll()
    }

    mutating func add(_ probe: StoredProbe) {
        frames.append(probe.bytes, length: probe.length, probe.ancillary)
        probes.append(probe)
    }

    subscript(index: Int) -> FoundProbe {
        @_lifetime(borrow self)
        get { FoundProbe(probes[index], in: frames[index]) }
    }
}
