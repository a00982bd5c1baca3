import AFPacketKit

extension PingOptions {
    /// The circumstances of a run without any answer.
    ///
    /// - Parameter nextHop: the host of this link to which requests went by IP.
    func silence(
        _ name: PingProtocolName, on interface: NetworkInterface, _ result: PingResult,
        nextHop: IPAddress? = nil, _ mismatch: PTPMismatch? = nil
    ) -> Silence {
        Silence(
            interface: try? NetworkInterface(index: interface.index), hadCarrier: interface.hasCarrier,
            name: name, carrier: traffic.carrier, isPTP: traffic.isPTP, nextHop: nextHop,
            destination: traffic.usesUDP ? traffic.destinationAddress : nil, result: result,
            mismatch: mismatch)
    }
}
