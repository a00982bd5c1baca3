import AFPacketKit
import Testing

@Suite struct AddressTests {
    @Test(arguments: [
        ("02:42:ac:c8:01:61", "02:42:ac:c8:01:61"), ("02-42-AC-C8-01-61", "02:42:ac:c8:01:61"),
        ("2:0:0:0:0:a", "02:00:00:00:00:0a"), ("ff:ff:ff:ff:ff:ff", "ff:ff:ff:ff:ff:ff"),
    ])
    func readsMACAddresses(text: String, expected: String) {
        #expect(MACAddress(text)?.description == expected)
    }

    @Test(arguments: [
        "", "02:42:ac:c8:01", "02:42:ac:c8:01:61:00", "02:42:ac:c8:01:6g", "02:42:ac:c8:01:",
        "0242acc80161", "02:42-ac:c8:01:61", "002:42:ac:c8:01:61", " 02:42:ac:c8:01:61", "02:42:ac:c8:01:+1",
    ])
    func refusesWhatIsNoMACAddress(text: String) {
        #expect(MACAddress(text) == nil)
    }

    @Test func tellsGroups() throws {
        #expect(MACAddress.broadcast.isGroup)
        #expect(try #require(MACAddress("01:80:c2:00:00:0e")).isGroup)
        #expect(try !#require(MACAddress("02:80:c2:00:00:0e")).isGroup)
    }

    @Test func indexesOctetsInTheOrderOfTransmission() throws {
        let address = try #require(MACAddress("01:23:45:67:89:ab"))
        #expect((0..<6).map { address[$0] } == [0x01, 0x23, 0x45, 0x67, 0x89, 0xab])
    }

    @Test(arguments: ["10.0.0.1", "255.255.255.255", "fe80::1", "fde4:8dba:82e1::c1", "::"])
    func readsAndWritesIPAddresses(text: String) {
        #expect(IPAddress(text)?.description == text)
    }

    @Test(arguments: ["", "10.0.0", "10.0.0.256", "10.0.0.1.2", "fe80::1%eth0", "fe80:::1", "host"])
    func refusesWhatIsNoIPAddress(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test func tellsIPGroups() throws {
        for text in ["224.0.0.1", "255.255.255.255", "ff02::1"] {
            #expect(try #require(IPAddress(text)).isGroup, "\(text)")
        }
        for text in ["10.0.0.1", "223.255.255.255", "fe80::1"] {
            #expect(try !#require(IPAddress(text)).isGroup, "\(text)")
        }
    }

    @Test func composesVLANTags() throws {
        let tag = try #require(VLANTag(identifier: 100, priority: 5))
        #expect(tag.controlInformation == 0xa064)
        #expect(tag.identifier == 100)
        #expect(tag.priority == 5)
        #expect(VLANTag(identifier: 4095) == nil)
        #expect(VLANTag(identifier: 1, priority: 8) == nil)
    }
}
