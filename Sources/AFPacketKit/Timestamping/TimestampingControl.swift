internal import CShim
import Glibc

/// The kernel interface for a NIC's timestamping.
public enum ControlPath: String, CaseIterable, Sendable {
    /// Netlink, and the ioctls if it has no answer: an older kernel, a driver with ioctls only, a sandbox.
    case automatic = "auto"
    /// Generic netlink only: the capabilities since Linux 5.6, the setting since 6.14.
    case netlink
    /// The ioctls only: SIOCETHTOOL, SIOCGHWTSTAMP, SIOCSHWTSTAMP.
    case ioctl

    /// Makes a request by one of two ways, or by one after the other.
    func ask<Answer>(
        netlink: () throws(SystemError) -> Answer, ioctl: () throws(SystemError) -> Answer
    ) throws(SystemError) -> Answer {
        switch self {
        case .netlink: return try netlink()
        case .ioctl: return try ioctl()
        case .automatic: break
        }
        let refusal: SystemError
        do throws(SystemError) { return try netlink() } catch { refusal = error }
        do throws(SystemError) { return try ioctl() } catch {
            // If both have the same reason, the error with the driver's own explanation is thrown.
            throw error.code == refusal.code && refusal.explanation != nil ? refusal : error
        }
    }
}

extension NetworkInterface {
    /// The stamps that this interface supports. Needs no privilege.
    ///
    /// - Parameter path: the kernel interface to use. The ioctl does not know `provider`, `source` and `statistics`.
    /// - Throws: `SystemError` with `notSupported` if the driver does not tell; with `notImplemented` if `path` is
    ///   `netlink` and the kernel lacks the request.
    public func timestampingCapabilities(
        via path: ControlPath = .automatic
    ) throws(SystemError) -> TimestampingCapabilities {
        try path.ask(
            netlink: { () throws(SystemError) in try capabilitiesByNetlink() },
            ioctl: { () throws(SystemError) in try capabilitiesByIoctl() })
    }

    /// The setting in force. Needs no privilege.
    ///
    /// - Parameter path: the kernel interface to use.
    /// - Throws: `SystemError` with `notSupported` if the NIC stamps nothing; with `notImplemented` if `path` is
    ///   `netlink` and the kernel lacks the request.
    public func hardwareTimestampingSetting(
        via path: ControlPath = .automatic
    ) throws(SystemError) -> HardwareTimestampingSetting {
        try path.ask(
            netlink: { () throws(SystemError) in try settingByNetlink() },
            ioctl: { () throws(SystemError) in try settingByIoctl() })
    }

    /// Changes the setting, for all users of the NIC, and returns the one in force: a driver may grant a wider filter
    /// than requested. Needs CAP_NET_ADMIN.
    ///
    /// - Parameter path: the kernel interface to use.
    /// - Throws: `SystemError`: `outOfRange` if the NIC lacks that setting (then nothing has changed), `notSupported`
    ///   if it stamps nothing, `notPermitted`; `notImplemented` if `path` is `netlink` and the kernel lacks the
    ///   request.
    public func setHardwareTimestamping(
        _ setting: HardwareTimestampingSetting, via path: ControlPath = .automatic
    ) throws(SystemError) -> HardwareTimestampingSetting {
        try ThisProcess.using([.netAdmin]) { () throws(SystemError) in
            try path.ask(
                netlink: { () throws(SystemError) in try setByNetlink(setting) },
                ioctl: { () throws(SystemError) in try setByIoctl(setting) })
        }
        // Read back: with some drivers, the answer of the calls is not the setting.
        return try hardwareTimestampingSetting(via: path)
    }

    /// All clocks and qualities of stamps available here, one of which is in force. ETHTOOL_MSG_TSINFO_GET
    ///
    /// - Throws: `SystemError` of netlink. Before Linux 6.14 there is none.
    public func timestampingProviders() throws(SystemError) -> [TimestampingProvider] {
        try NetlinkSocket.repeating { () throws(SystemError) in try listProviders() }
    }

    private func listProviders() throws(SystemError) -> [TimestampingProvider] {
        var providers: [TimestampingProvider] = []
        try EthtoolRequest.information.ask(about: self, .dump) { attributes in
            guard EthtoolRequest.isAnswer(attributes, about: self) else { return }
            if let provider = TimestampingCapabilities(attributes: attributes).provider {
                providers.append(provider)
            }
        }
        return providers
    }

    /// The numbers N of the virtual clocks /dev/ptpN that run on the NIC's clock. ETHTOOL_MSG_PHC_VCLOCKS_GET
    ///
    /// - Throws: `SystemError` of netlink: `notImplemented` before Linux 5.14.
    public func virtualClocks() throws(SystemError) -> [Int] {
        var clocks: [Int] = []
        try EthtoolRequest.virtualClocks.ask(about: self) {
            clocks = AFPacketKit.virtualClocks(attributes: $0)
        }
        return clocks
    }
}

// MARK: Netlink

extension NetworkInterface {
    private func capabilitiesByNetlink() throws(SystemError) -> TimestampingCapabilities {
        do throws(SystemError) { return try capabilities([.compactBitsets, .statistics]) } catch
            where error.code == .invalidArgument || error.code == .notSupported
        {
            // Linux before 6.10 has no statistics.
            return try capabilities(.compactBitsets)
        }
    }

    private func capabilities(_ flags: EthtoolRequest.Flags) throws(SystemError) -> TimestampingCapabilities {
        var capabilities: TimestampingCapabilities?
        try EthtoolRequest.information.ask(about: self, .get, flags) {
            capabilities = TimestampingCapabilities(attributes: $0)
        }
        guard let capabilities else { throw SystemError(EthtoolRequest.information.name, .malformedMessage) }
        return capabilities
    }

    private func settingByNetlink() throws(SystemError) -> HardwareTimestampingSetting {
        var setting: HardwareTimestampingSetting?
        try EthtoolRequest.setting.ask(about: self) { setting = HardwareTimestampingSetting(attributes: $0) }
        guard let setting else { throw SystemError(EthtoolRequest.setting.name, .malformedMessage) }
        return setting
    }

    private func setByNetlink(_ setting: HardwareTimestampingSetting) throws(SystemError) {
        let request = EthtoolRequest.setSetting
        let numbers = 0..<CInt(UInt32.bitWidth)
        guard numbers ~= setting.transmitType.rawValue, numbers ~= setting.receiveFilter.rawValue else {
            throw SystemError(request.name, .outOfRange)
        }
        // The answer may be missing; the acknowledgement counts.
        try request.ask(about: self, .set, adding: setting.add) { _ in }
    }
}

// MARK: ioctl

extension NetworkInterface {
    private func capabilitiesByIoctl() throws(SystemError) -> TimestampingCapabilities {
        var info = ethtool_ts_info()
        info.cmd = UInt32(ETHTOOL_GET_TS_INFO)
        try request("ETHTOOL_GET_TS_INFO", UInt(SIOCETHTOOL), &info)
        return TimestampingCapabilities(
            flags: info.so_timestamping, transmitTypes: info.tx_types, receiveFilters: info.rx_filters,
            clockIndex: info.phc_index >= 0 ? Int(info.phc_index) : nil)
    }

    private func settingByIoctl() throws(SystemError) -> HardwareTimestampingSetting {
        var config = hwtstamp_config()
        try request("SIOCGHWTSTAMP", UInt(SIOCGHWTSTAMP), &config)
        return HardwareTimestampingSetting(
            transmitType: TransmitType(rawValue: config.tx_type),
            receiveFilter: ReceiveFilter(rawValue: config.rx_filter))
    }

    private func setByIoctl(_ setting: HardwareTimestampingSetting) throws(SystemError) {
        var config = hwtstamp_config(
            flags: 0, tx_type: setting.transmitType.rawValue, rx_filter: setting.receiveFilter.rawValue)
        try request("SIOCSHWTSTAMP", UInt(SIOCSHWTSTAMP), &config)
    }

    private func request<Data: BitwiseCopyable>(
        _ operation: StaticString, _ number: UInt, _ data: inout Data
    ) throws(SystemError) {
        let control = try Descriptor("socket", socket(AF_INET, CInt(SOCK_DGRAM.rawValue), 0))
        guard unsafe cshim_interface_data_request(control.rawValue, number, name, &data) == 0 else {
            throw .last(operation)
        }
    }
}
