/// The terms of a run's lease, which it shows to other runs in the name of a socket.
struct LeaseClaim: Equatable {
    /// The number of the chain. Each run that widens what the last one of a chain left in force joins the chain and
    /// takes over its original; a run that finds anything else begins the next chain.
    var chain: UInt64
    /// The setting to restore after the last run of the chain.
    var original: HardwareTimestampingSetting
    /// The setting that the run needs, or a wider one that it found.
    var widened: HardwareTimestampingSetting
    /// Tells whether a PTP program took part on the device when the chain began: what it needs is in the original.
    var hadPTPParticipant: Bool

    /// The start of the names of everything about a device.
    static func prefix(index: CInt) -> String { "afprobe/timestamping/\(index)/" }

    /// The name of a socket that shows the claim; `nonce` keeps names apart.
    func name(index: CInt, nonce: UInt64) -> String {
        "\(Self.prefix(index: index))\(chain)/\(original.numbers)/\(widened.numbers)/"
            + "\(hadPTPParticipant ? 1 : 0)/\(nonce)"
    }

    init(
        chain: UInt64, original: HardwareTimestampingSetting, widened: HardwareTimestampingSetting,
        hadPTPParticipant: Bool
    ) {
        self.chain = chain
        self.original = original
        self.widened = widened
        self.hadPTPParticipant = hadPTPParticipant
    }

    /// Parses a name; nil if it is not that of a claim. Anybody may bind such names.
    init?(name: String, index: CInt) {
        let prefix = Self.prefix(index: index)
        guard name.hasPrefix(prefix) else { return nil }
        let parts = name.dropFirst(prefix.count).split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 5, let chain = UInt64(parts[0]),
            let original = HardwareTimestampingSetting(numbers: parts[1]),
            let widened = HardwareTimestampingSetting(numbers: parts[2])
        else { return nil }
        self.init(
            chain: chain, original: original, widened: widened, hadPTPParticipant: parts[3] == "1")
    }
}

extension HardwareTimestampingSetting {
    /// Returns whether this setting has all frames stamped that another has stamped.
    func includes(_ other: HardwareTimestampingSetting) -> Bool {
        (transmitType == other.transmitType || other.transmitType == .off)
            && receiveFilter.includes(other.receiveFilter)
    }

    /// The kernel's numbers, such as `1.12`.
    fileprivate var numbers: String { "\(transmitType.rawValue).\(receiveFilter.rawValue)" }

    fileprivate init?(numbers: Substring) {
        let parts = numbers.split(separator: ".", omittingEmptySubsequences: false).map { CInt($0) }
        // The kernel keeps them in sets of 32 bits.
        guard parts.count == 2, let type = parts[0], let filter = parts[1], 0..<32 ~= type, 0..<32 ~= filter
        else { return nil }
        self.init(
            transmitType: TransmitType(rawValue: type), receiveFilter: ReceiveFilter(rawValue: filter))
    }
}
