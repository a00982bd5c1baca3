import Testing

@testable import AFPacketKit

@Suite struct SystemErrorTests {
    @Test func saysTheCallAndTheReason() {
        #expect(SystemError("bind", .noSuchDevice).description == "bind: No such device")
    }

    @Test func findsNoInterfaceByALongerName() {
        #expect(throws: SystemError("SIOCGIFINDEX", .noSuchDevice)) {
            // The kernel would cut this off to the name of an interface that exists.
            _ = try NetworkInterface(named: "lo" + String(repeating: "\0", count: 14))
        }
        #expect(throws: SystemError("SIOCGIFINDEX", .noSuchDevice)) {
            _ = try NetworkInterface(named: "")
        }
    }

    @Test func knowsTheLoopback() throws {
        let loopback = try NetworkInterface(named: "lo")
        #expect(loopback.isLoopback)
        #expect(!loopback.isEthernet)
        #expect(try NetworkInterface.names().contains("lo"))
    }
}
