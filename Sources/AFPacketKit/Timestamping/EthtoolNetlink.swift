internal import CShim
import Glibc
internal import Synchronization

// Requests of ethtool's generic netlink family about timestamping, and their answers; only TSCONFIG_SET needs a
// privilege. Documentation/networking/ethtool-netlink.rst in the kernel's sources; the numbers are those of
// linux/ethtool_netlink_generated.h in Linux 6.18.

/// A request of ethtool's family.
struct EthtoolRequest {
    let name: StaticString
    let command: UInt8

    /// ETHTOOL_MSG_TSINFO_GET: the NIC's timestamping capabilities. Linux 5.6
    static let information = EthtoolRequest(name: "ETHTOOL_MSG_TSINFO_GET", command: 25)
    /// ETHTOOL_MSG_PHC_VCLOCKS_GET: the virtual clocks that run on the NIC's clock. Linux 5.14
    static let virtualClocks = EthtoolRequest(name: "ETHTOOL_MSG_PHC_VCLOCKS_GET", command: 33)
    /// ETHTOOL_MSG_TSCONFIG_GET: the setting in force. Linux 6.14
    static let setting = EthtoolRequest(name: "ETHTOOL_MSG_TSCONFIG_GET", command: 46)
    /// ETHTOOL_MSG_TSCONFIG_SET: changes it. Linux 6.14
    static let setSetting = EthtoolRequest(name: "ETHTOOL_MSG_TSCONFIG_SET", command: 47)

    /// The same number for every request: ETHTOOL_A_TSINFO_HEADER, ETHTOOL_A_TSCONFIG_HEADER and so on.
    private static let header = 1

    /// ETHTOOL_FLAG_
    struct Flags: OptionSet {
        let rawValue: UInt32
        /// Sets of bits as words, not as a list of names.
        static let compactBitsets = Flags(rawValue: 1)
        /// Includes counters.
        static let statistics = Flags(rawValue: 4)
    }

    /// The family, once it was found: it does not change while the kernel runs. A failure may pass.
    private static let known = Mutex<GenericNetlink.Family?>(nil)

    private static func family() throws(SystemError) -> GenericNetlink.Family {
        if let known = known.withLock({ $0 }) { return known }
        var socket = try GenericNetlink()
        let family = try socket.family(named: "ethtool")
        known.withLock { $0 = family }
        return family
    }

    /// Makes the request about an interface and calls `body` with the attributes of each message of the answer.
    ///
    /// - Throws: `SystemError`: `notImplemented` if the kernel does not know the request, `notSupported` if the driver
    ///   has no answer.
    func ask(
        about interface: NetworkInterface, _ kind: NetlinkRequest.Kind = .get,
        _ flags: Flags = .compactBitsets,
        adding parameters: (inout NetlinkAttributes) -> Void = { _ in },
        _ body: (Span<UInt8>) -> Void
    ) throws(SystemError) {
        let family: GenericNetlink.Family
        do throws(SystemError) { family = try Self.family() } catch  where error.code.rawValue == ENOENT {
            throw SystemError(name, .notImplemented)
        }
        guard family.commands.contains(command) else { throw SystemError(name, .notImplemented) }
        var request = NetlinkRequest(command: command, kind: kind)
        request.attributes.add(Self.header) { header in
            header.add(1, UInt32(interface.index))  // ETHTOOL_A_HEADER_DEV_INDEX
            header.add(3, flags.rawValue)  // ETHTOOL_A_HEADER_FLAGS
        }
        parameters(&request.attributes)
        var socket = try GenericNetlink()
        do throws(SystemError) { try socket.ask(name, family.identifier, request, body) } catch
            where error.code == .noSuchDevice && interface.isStillThere
        {
            // TSCONFIG refuses in this way a NIC that has no clock of its own for stamps.
            throw SystemError(name, .notSupported, explanation: error.explanation)
        }
    }

    /// Returns whether an answer, which may contain more than requested, is about an interface.
    static func isAnswer(_ attributes: Span<UInt8>, about interface: NetworkInterface) -> Bool {
        var index: UInt64?
        attributes.forEachAttribute { type, payload in
            guard type == header else { return }
            payload.forEachAttribute { type, payload in if type == 1 { index = payload.netlinkInteger } }
        }
        return index == UInt64(interface.index)
    }
}

extension NetworkInterface {
    fileprivate var isStillThere: Bool { (try? NetworkInterface(index: index)) != nil }
}

// MARK: Sets of bits

extension Span<UInt8> {
    /// The first 32 bits of a compact set; nil if it is not one. No set of timestamping is larger.
    var ethtoolBits: UInt32? {
        var bits: UInt32?
        forEachAttribute { type, payload in
            if type == 4 { bits = payload.load(UInt32.self, at: 0) }  // ETHTOOL_A_BITSET_VALUE
        }
        return bits
    }

    /// The number of the only bit in a set; nil if there are none or several.
    var ethtoolChoice: CInt? {
        guard let bits = ethtoolBits, bits.nonzeroBitCount == 1 else { return nil }
        return CInt(bits.trailingZeroBitCount)
    }
}

extension NetlinkAttributes {
    /// Adds a set with that bit only; all others are cleared.
    mutating func add(_ type: Int, choice number: CInt) {
        add(type) { set in
            set.add(1)  // ETHTOOL_A_BITSET_NOMASK
            set.add(2, UInt32(UInt32.bitWidth))  // ETHTOOL_A_BITSET_SIZE
            set.add(4, UInt32(1) << UInt32(number))  // ETHTOOL_A_BITSET_VALUE
        }
    }
}

// MARK: Answers

extension TimestampingCapabilities {
    /// Parses the attributes of an answer to TSINFO_GET: ETHTOOL_A_TSINFO_. Sets without bits are absent there.
    init(attributes: Span<UInt8>) {
        var flags: UInt32 = 0
        var types: UInt32 = 0
        var filters: UInt32 = 0
        var clock: Int?
        var statistics: TimestampingStatistics?
        var provider: TimestampingProvider?
        var source: UInt64?
        var phy: Int?
        attributes.forEachAttribute { type, payload in
            switch type {
            case 2: flags = payload.ethtoolBits ?? 0
            case 3: types = payload.ethtoolBits ?? 0
            case 4: filters = payload.ethtoolBits ?? 0
            case 5: clock = payload.netlinkInteger.flatMap { CInt(exactly: $0) }.map(Int.init)
            case 6: statistics = TimestampingStatistics(attributes: payload)
            case 7: provider = TimestampingProvider(attributes: payload)
            case 8: source = payload.netlinkInteger
            case 9: phy = payload.netlinkInteger.flatMap { Int(exactly: $0) }
            default: break
            }
        }
        self.init(flags: flags, transmitTypes: types, receiveFilters: filters, clockIndex: clock)
        self.statistics = statistics
        self.provider = provider
        self.source =
            switch source {
            case 1: .mac
            case 2: .phy(index: phy)
            default: nil
            }
    }
}

extension TimestampingProvider {
    /// ETHTOOL_A_TS_HWTSTAMP_PROVIDER_
    fileprivate init?(attributes: Span<UInt8>) {
        var index: Int?
        var qualifier: UInt32?
        attributes.forEachAttribute { type, payload in
            switch type {
            case 1: index = payload.netlinkInteger.flatMap { CInt(exactly: $0) }.map(Int.init)
            case 2: qualifier = payload.load(UInt32.self, at: 0)
            default: break
            }
        }
        guard let index, let qualifier else { return nil }
        self.init(clockIndex: index, qualifier: Qualifier(rawValue: qualifier))
    }
}

extension TimestampingStatistics {
    /// ETHTOOL_A_TS_STAT_TX_; nil if the driver counts none of them.
    fileprivate init?(attributes: Span<UInt8>) {
        var counters: [Int: UInt64] = [:]
        attributes.forEachAttribute { type, payload in counters[type] = payload.netlinkInteger }
        guard !counters.isEmpty else { return nil }
        self.init(
            stamped: counters[1], lost: counters[2], errors: counters[3], oneStepUnconfirmed: counters[4])
    }
}

extension HardwareTimestampingSetting {
    /// Parses the attributes of an answer to TSCONFIG_GET: ETHTOOL_A_TSCONFIG_; nil if one is missing.
    init?(attributes: Span<UInt8>) {
        var type: CInt?
        var filter: CInt?
        attributes.forEachAttribute { attribute, payload in
            switch attribute {
            case 3: type = payload.ethtoolChoice
            case 4: filter = payload.ethtoolChoice
            default: break
            }
        }
        guard let type, let filter else { return nil }
        self.init(
            transmitType: TransmitType(rawValue: type), receiveFilter: ReceiveFilter(rawValue: filter))
    }

    /// Requests this setting: TSCONFIG_SET.
    ///
    /// Both halves are given, but no provider: the kernel keeps the current one. Naming it if nobody has chosen one
    /// would be a choice, for which the kernel turns timestamping off in between.
    func add(to attributes: inout NetlinkAttributes) {
        attributes.add(3, choice: transmitType.rawValue)
        attributes.add(4, choice: receiveFilter.rawValue)
    }
}

/// The numbers of the virtual clocks in the attributes of an answer to PHC_VCLOCKS_GET: ETHTOOL_A_PHC_VCLOCKS_
func virtualClocks(attributes: Span<UInt8>) -> [Int] {
    var clocks: [Int] = []
    attributes.forEachAttribute { type, payload in
        guard type == 3 else { return }
        let size = MemoryLayout<CInt>.size
        clocks = (0..<payload.count / size).compactMap {
            payload.load(CInt.self, at: $0 * size).map(Int.init)
        }
    }
    return clocks
}
