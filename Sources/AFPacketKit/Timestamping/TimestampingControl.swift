internal import CShim
import Glibc

/// Which of the kernel's two interfaces is asked about a NIC's time stamping.
public enum ControlPath: String, CaseIterable, Sendable {
    /// Netlink, and the ioctls for whatever it does not answer: an older kernel, a driver that knows them alone, a
    /// sandbox.
    case automatic = "auto"
    /// Generic netlink alone: the capabilities since Linux 5.6, the setting since 6.14.
    case netlink
    /// The ioctls alone: SIOCETHTOOL, SIOCGHWTSTAMP, SIOCSHWTSTAMP.
    case ioctl

    /// Asks by one of two ways, or by one after the other.
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
            // Where the two agree, the driver's own words are told.
            throw error.code == refusal.code && refusal.explanation != nil ? refusal : error
        }
    }
}

extension NetworkInterface {
    /// The stamps that can be taken here. Needs no privilege.
    ///
    /// - Parameter path: which interface of the kernel's to ask. The ioctl does not know `provider`, `source` and
    ///   `statistics`.
    /// - Throws: `SystemError` with `notSupported` where the driver does not say; with `notImplemented` where only
    ///   netlink was to be asked and the kernel has not got it.
    public func timestampingCapabilities(
        via path: ControlPath = .automatic
    ) throws(SystemError) -> TimestampingCapabilities {
        try path.ask(
            netlink: { () throws(SystemError) in try capabilitiesByNetlink() },
            ioctl: { () throws(SystemError) in try capabilitiesByIoctl() })
    }

    /// The setting now in force. Needs no privilege.
    ///
    /// - Parameter path: which interface of the kernel's to ask.
    /// - Throws: `SystemError` with `notSupported` where the NIC stamps nothing; with `notImplemented` where only
    ///   netlink was to be asked and the kernel has not got it.
    public func hardwareTimestampingSetting(
        via path: ControlPath = .automatic
    ) throws(SystemError) -> HardwareTimestampingSetting {
        try path.ask(
            netlink: { () throws(SystemError) in try settingByNetlink() },
            ioctl: { () throws(SystemError) in try settingByIoctl() })
    }

    /// Changes the setting, for everybody who uses the NIC, and returns the one now in force: a driver may
    /// grant a wider filter than was asked for. Needs CAP_NET_ADMIN.
    ///
    /// - Parameter path: which interface of the kernel's to ask.
    /// - Throws: `SystemError`: `outOfRange` where the NIC does not have that setting (then nothing has
    ///   changed), `notSupported` where it stamps nothing, `notPermitted`; `notImplemented` where only netlink was to
    ///   be asked and the kernel has not got it.
    public func setHardwareTimestamping(
        _ setting: HardwareTimestampingSetting, via path: ControlPath = .automatic
    ) throws(SystemError) -> HardwareTimestampingSetting {
        try path.ask(
            netlink: { () throws(SystemError) in try setByNetlink(setting) },
            ioctl: { () throws(SystemError) in try setByIoctl(setting) })
        // Read back: what the calls answer is not the setting with every driver.
        return try hardwareTimestampingSetting(via: path)
    }

    /// All clocks and qualities that stamps can be had of here, one of which is in force. ETHTOOL_MSG_TSINFO_GET
    ///
    /// - Throws: `SystemError` of netlink. Before Linux 6.14 there is none.
    public func timestampingProviders() throws(SystemError) -> [TimestampingProvider] {
        var providers: [TimestampingProvider] = []
        try EthtoolRequest.information.ask(about: self, .dump) { attributes in
            guard EthtoolRequest.isAnswer(attributes, about: self) else { return }
            if let provider = TimestampingCapabilities(attributes: attributes).provider {
                providers.append(provider)
            }
        }
        return providers
    }

    /// The numbers N of the clocks /dev/ptpN that run, by software, on the NIC's. ETHTOOL_MSG_PHC_VCLOCKS_GET
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
            // Before Linux 6.10 statistics are not there to be asked for.
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
        // What it answers may be lacking; the acknowledgement counts.
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
