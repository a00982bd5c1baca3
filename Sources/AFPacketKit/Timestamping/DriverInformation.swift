internal import CShim
import Glibc

/// A counter of a driver, under the driver's own name.
public struct DriverStatistic: Hashable, Sendable {
    /// The name, for instance `tx_hwtstamp_skipped`.
    public let name: String
    /// The count since the driver was loaded.
    public let value: UInt64
}

extension NetworkInterface {
    /// The name of the driver behind the interface. ETHTOOL_GDRVINFO
    ///
    /// - Throws: `SystemError` with `notSupported` if the driver does not tell.
    public func driver() throws(SystemError) -> String {
        text(in: try driverInformation().driver)
    }

    /// The NIC's address on its bus, for instance `0000:01:00.0`; nil if it is on none. ETHTOOL_GDRVINFO
    ///
    /// - Throws: `SystemError` with `notSupported` if the driver does not tell.
    public func busAddress() throws(SystemError) -> String? {
        let address = text(in: try driverInformation().bus_info)
        return address.isEmpty ? nil : address
    }

    /// The driver's own counters, in its order. ETHTOOL_GSTATS, ethtool(8) -S
    ///
    /// - Throws: `SystemError` with `notSupported` if the driver has none.
    public func driverStatistics() throws(SystemError) -> [DriverStatistic] {
        let information = try driverInformation()
        // The kernel writes as many as exist by then: reconfiguring the driver may add some.
        let room = Int(information.n_stats) + 4096
        let nameLength = Int(ETH_GSTRING_LEN)
        let names = try table("ETHTOOL_GSTRINGS", UInt32(ETHTOOL_GSTRINGS), headerWords: 3, room * nameLength)
        {
            $0[1] = UInt32(ETH_SS_STATS.rawValue)
            $0[2] = information.n_stats
        }
        let values = try table("ETHTOOL_GSTATS", UInt32(ETHTOOL_GSTATS), headerWords: 2, room * 8) {
            $0[1] = information.n_stats
        }
        let count = min(names.count / nameLength, values.count / 8, Int(information.n_stats))
        return (0..<count).map { index in
            let name = names[index * nameLength..<(index + 1) * nameLength].prefix { $0 != 0 }
            let value = unsafe values[index * 8..<(index + 1) * 8].withUnsafeBytes {
                unsafe $0.loadUnaligned(as: UInt64.self)
            }
            return DriverStatistic(name: String(decoding: name, as: UTF8.self), value: value)
        }
    }

    private func driverInformation() throws(SystemError) -> ethtool_drvinfo {
        var information = ethtool_drvinfo()
        information.cmd = UInt32(ETHTOOL_GDRVINFO)
        try unsafe ethtool("ETHTOOL_GDRVINFO", &information)
        return information
    }

    /// The text in an array of characters, up to its NUL.
    private func text<Characters: BitwiseCopyable>(in characters: Characters) -> String {
        unsafe withUnsafeBytes(of: characters) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    /// Makes an ethtool request whose answer follows a header of 32-bit words, and returns the answer.
    private func table(
        _ operation: StaticString, _ command: UInt32, headerWords: Int, _ size: Int,
        _ setUp: (inout [UInt32]) -> Void
    ) throws(SystemError) -> [UInt8] {
        var words = [UInt32](repeating: 0, count: headerWords + size / 4 + 1)
        words[0] = command
        setUp(&words)
        try unsafe ethtool(operation, &words)
        return unsafe words.withUnsafeBytes { unsafe Array($0.dropFirst(4 * headerWords)) }
    }

    private func ethtool(_ operation: StaticString, _ data: UnsafeMutableRawPointer) throws(SystemError) {
        let control = try Descriptor("socket", socket(AF_INET, CInt(SOCK_DGRAM.rawValue), 0))
        guard unsafe cshim_interface_data_request(control.rawValue, UInt(SIOCETHTOOL), name, data) == 0 else {
            throw .last(operation)
        }
    }
}
