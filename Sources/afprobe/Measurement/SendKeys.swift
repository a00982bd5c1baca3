import AFPacketKit

/// The numbers that the kernel gives to the sends of one socket (SOF_TIMESTAMPING_OPT_ID), against the numbers of the
/// probes in them.
///
/// The number in the frame that comes back with a report says which probe it is about. The key is the witness: it
/// counts from 0, so that it follows the probes' numbers, which count from 1, at a fixed distance.
struct SendKeys {
    /// The key of a probe minus its number; nil while no report has told it.
    private var distance: UInt32? = .max
    /// The first probe that the distance holds for.
    private var firstNumber: UInt64 = 1
    /// Whether the kernel gives every send the same key: Linux 4.19 and older do, to packet sockets.
    private var areUseless = false

    /// Takes note that a send failed: whether it used up a key depends on where it failed, so that the distance has
    /// to be learned again.
    mutating func lose(_ number: UInt64) {
        distance = nil
        firstNumber = number + 1
    }

    /// Whether a report's key is the one that this probe must have. True where that cannot be told.
    mutating func confirm(_ key: UInt32, of number: UInt64) -> Bool {
        let found = key &- UInt32(truncatingIfNeeded: number)
        return found == distance || learn(found, from: key, of: number)
    }

    /// What to make of a key that is not at the known distance: the same as `confirm`.
    @inline(never)
    private mutating func learn(_ found: UInt32, from key: UInt32, of number: UInt64) -> Bool {
        guard number >= firstNumber, !areUseless else { return true }
        if distance == nil {
            distance = found
            return true
        }
        areUseless = key == 0
        return areUseless
    }

    /// The probe that a key belongs to, of those up to `latest`, where the frame does not tell; nil where the key
    /// does not either.
    func number(of key: UInt32, upTo latest: UInt64) -> UInt64? {
        guard let distance, !areUseless else { return nil }
        let behind = UInt32(truncatingIfNeeded: latest) &- (key &- distance)
        guard latest >= UInt64(behind), latest - UInt64(behind) >= firstNumber else { return nil }
        return latest - UInt64(behind)
    }
}
