import AFPacketKit

/// The carrier of the probes that a run takes.
enum ProbeCarrier: Equatable {
    case frames(EtherType)
    /// UDP datagrams to a port.
    case datagrams(port: UInt16)
}
