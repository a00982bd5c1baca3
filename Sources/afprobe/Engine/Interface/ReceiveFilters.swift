import AFPacketKit

extension [ReceiveFilter] {
    /// The filters that have PTP's delay requests over Ethernet stamped, the narrowest first.
    static var delayRequestsOverEthernet: [ReceiveFilter] {
        [.ptpV2DelayRequestOverEthernet, .ptpV2DelayRequest, .ptpV2OverEthernet, .ptpV2, .everything]
    }

    /// The same over UDP.
    static var delayRequestsOverUDP: [ReceiveFilter] {
        [.ptpV2DelayRequestOverUDP, .ptpV2DelayRequest, .ptpV2OverUDP, .ptpV2, .everything]
    }
}
