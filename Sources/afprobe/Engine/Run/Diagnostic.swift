import AFPacketKit

/// A message for the user beside the measurement, as a value. Only Output has words for it.
enum Diagnostic {
    // Hardware timestamping: one setting for all users of the NIC.
    case timestampingChanged(String, from: HardwareTimestampingSetting, to: HardwareTimestampingSetting)
    case timestampingRefused(HardwareRefusal)
    case timestampingRestored(String, HardwareTimestampingSetting)
    /// It was to be restored to this.
    case timestampingNotRestored(NetworkInterface, HardwareTimestampingSetting, TimestampingLeaseError)
    /// Another run needs less than this one did.
    case timestampingNarrowed(String, HardwareTimestampingSetting)
    /// Another run still uses the setting, and restores it.
    case timestampingInUse(String, by: ProcessIdentity?)
    /// A run of another user uses the setting, and does not know that it was this before.
    case timestampingAbandoned(String, to: ProcessIdentity?, before: HardwareTimestampingSetting)
    /// Another program changed the setting, which is left as it is.
    case timestampingLeft(String, HardwareTimestampingSetting)
    /// A PTP program came during the run; the setting, which was this before, is left to it.
    case timestampingLeftToPTP(String, before: HardwareTimestampingSetting)
    /// The device has left the network namespace during the run; its setting was this before.
    case timestampingGone(String, before: HardwareTimestampingSetting)
    /// The setting was changed for good while a run uses it, which restores it to this if it still finds its own.
    case timestampingSetDuringRun(String, ProcessIdentity?, before: HardwareTimestampingSetting)
    /// A run that was killed has left the setting on.
    case timestampingLeftOn(String, LeaseNote)
    /// Another program takes part in PTP on the interface: its transmit stamps are not put at risk.
    case transmitStampsLeft(String)
    /// The same, and they are: the user wants hardware stamps.
    case transmitStampsShared(String)
    /// Another program changed the setting during the run.
    case timestampingLost(String, from: HardwareTimestampingSetting, to: HardwareTimestampingSetting)

    // The interface.
    case noCarrier(String)
    /// It is a bridge with these ports, each of which stamps for itself.
    case bridge(String, ports: [String])
    case linkDown(String)
    case linkUp(String)
    case carrierLost(String)
    /// The carrier was lost so many times, and was back before that was announced.
    case carrierFlapped(String, times: Int)
    case carrierBack(String)
    case renamed(String, to: String)
    case addressChanged(String, from: MACAddress, to: MACAddress, isFollowed: Bool)
    case mtuChanged(String, from: Int, to: Int)
    /// The interface's frames are stamped by another NIC, with another clock; nil if none stamps them.
    case clockChanged(String, from: String?, to: String?)
    /// This host drops frames before the NIC.
    case framesDropped(SystemError)
    /// A datagram has no way out of this host at the moment.
    case requestNotSent(SystemError)
    /// No qdisc of the interface honours launch times.
    case noLaunchQdisc(String, kinds: [String])
    /// No socket keeps the kernel from answering datagrams to this port.
    case portNotGuarded(UInt16, ErrorCode)

    // The process.
    case memoryNotLocked(SystemError)
    case cpusMaySleep(SystemError)
    case systemCallsDenied(SystemCallFilter.Denials)

    /// The address of a host's name.
    case nameFound(String, IPAddress)

    // The peer, and captures to be replayed.
    case otherResponder(Peer)
    /// Requests take another way now, or should.
    case wayChanged(Peer, from: Way, to: Way, isFollowed: Bool)
    /// The network, or this host, returned a request.
    case undeliverable(Peer, NetworkError)
    /// A router forwards the requests, and names a better one.
    case redirected(Peer)
    /// A request is not answered because of its addresses; told once for each kind.
    case requestRefused(ReplyRefusal)
    /// Probes come in a form that the run does not take; told once for each kind.
    case otherForm(OtherForm, taken: ListenForm)
    /// The responder's part of a round trip is negative, or longer than the round trip.
    case implausibleTurnaround(Peer)
    case framesLeftOut(UInt64, of: UInt64)
}

/// The reason why hardware timestamping cannot be turned on for a run.
struct HardwareRefusal {
    enum Reason {
        case lease(TimestampingLeaseError)
        /// The NIC does not stamp what it sends.
        case transmitType
        /// The NIC does not stamp all received frames of this shape.
        case receiveFilter(ReceiveFilter)
    }

    let interface: NetworkInterface
    let reason: Reason
}

/// The address because of which a request is not answered.
enum ReplyRefusal: Equatable {
    /// It is none of this interface.
    case destination(IPAddress)
    /// It is none of a host on the link.
    case source(IPAddress)
}

/// The form of the probes that a run of `listen` takes, and its interface.
struct ListenForm {
    var interface: NetworkInterface
    let carrier: ProbeCarrier
    /// Tells whether the probes are to be shaped as PTP messages.
    let isPTP: Bool
}
