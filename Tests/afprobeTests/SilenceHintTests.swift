import Testing

@testable import AFPacketKit
@testable import afprobe

/// The most likely reason why nobody answered a ping.
@Suite struct SilenceHintTests {
    private func hint(
        isUp: Bool = true, hadCarrier: Bool = true, name: PingProtocolName = .afprobe,
        carrier: ProbeCarrier = .frames(.localExperimental1), neighbour: IPAddress? = nil,
        destination: IPAddress? = nil, nextHop: IPAddress? = nil, usualInterface: String? = nil,
        _ counts: [Counter: UInt64] = [:], error: NetworkError? = nil
    ) -> String {
        var result = PingResult(preferred: .software, hasStages: false, isSynchronised: false)
        for (counter, count) in counts { result.counts[counter] = count }
        result.networkError = error
        let interface = NetworkInterface(
            name: "eth9", index: 9, address: MACAddress(0x0200_0000_0001), isUp: isUp)
        return Silence(
            interface: interface, hadCarrier: hadCarrier, name: name, carrier: carrier, isPTP: false,
            nextHop: nextHop, usualInterface: usualInterface, neighbour: neighbour,
            destination: destination, result: result, mismatch: nil
        ).hint
    }

    private let refused = NetworkError(code: .connectionRefused, detail: .none)

    @Test func whatCameNamesTheReason() {
        #expect(hint([.otherVersion: 1]).hasPrefix("messages came in another version"))
        #expect(hint([.otherVLAN: 1]).hasPrefix("answers came in another VLAN"))
        #expect(hint([.otherProtocol: 1]).hasPrefix("answers came over another protocol"))
        #expect(hint([.corrupt: 1, .failed: 1]).hasPrefix("corrupt frames came"))
    }

    @Test func thisHostsLossesAreNamed() {
        #expect(hint([.failed: 3, .lost: 9]).hasPrefix("this host dropped 3 requests"))
        #expect(hint([.drops: 4, .lost: 9]).hasPrefix("this host's receive queue dropped 4 frames"))
    }

    @Test func theUsualInterfaceIsNamed() {
        let host = IPAddress("192.0.2.7")
        #expect(
            hint(name: .icmp, nextHop: host, usualInterface: "eth8", [.lost: 1])
                == "the route to 192.0.2.7 is by eth8, not eth9")
    }

    /// Without a link, nothing else is of interest; what the network says is certain.
    @Test func theFirstCauseIsNamed() {
        #expect(hint(isUp: false, [.corrupt: 1], error: refused).hasPrefix("eth9 is down"))
        #expect(hint(hadCarrier: false, [.failed: 1]).hasPrefix("eth9 had no carrier when the run began"))
        let port = hint(carrier: .datagrams(port: 7000), [.failed: 1], error: refused)
        #expect(port.hasSuffix("UDP port 7000 there; start: afprobe listen -i IF --udp --dst-port 7000"))
        #expect(
            hint(name: .ntp, error: refused)
                == "the host is reachable, and no NTP server there listens on UDP port 123")
    }

    /// ARP and neighbour discovery reach hosts of the link only.
    @Test func theLinksOwnProtocolIsNamed() {
        #expect(hint(name: .icmp).hasSuffix("drop ICMP echo?"))
        #expect(hint(name: .icmp, neighbour: IPAddress("192.0.2.9")).hasSuffix("--protocol arp"))
        #expect(hint(name: .icmp, neighbour: IPAddress("fd77::9")).hasSuffix("--protocol ndp"))
    }

    @Test func theListenerIsNamedWithItsOptions() {
        #expect(hint().hasPrefix("does that host run: afprobe listen -i IF? With other"))
        let address = IPAddress("192.0.2.9")
        let hint = hint(carrier: .datagrams(port: 61_000), destination: address)
        #expect(hint.hasPrefix("does that host run: afprobe listen -i IF --udp? With other"))
        #expect(hint.contains("Is 192.0.2.9 an address of its interface?"))
    }
}
