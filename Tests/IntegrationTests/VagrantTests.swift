import Foundation
import Glibc
import Testing

/// The Vagrantfile's machines at work, without Vagrant: their network is set up by the script that they run, between
/// two namespaces.
@Suite(.needs("awk"))
struct VagrantTests {
    @Test func theNetworkHasItsAddressesAndNeighbours() throws {
        let hosts = try DocumentedHosts()
        let addresses = try Program.run(
            hosts.command(["ip", "-brief", "address", "show", "eth0"], on: "alpha"))
        #expect(addresses.output.contains("192.168.56.101/24 fde4:8dba:82e1::c1/64"), "\(addresses)")
        let neighbours = try Program.run(hosts.command(["ip", "neighbour"], on: "beta"))
        for address in ["192.168.56.101", "fde4:8dba:82e1::c1"] {
            let entry = "\(address) dev eth0 lladdr 02:42:ac:c8:01:61 PERMANENT"
            #expect(neighbours.output.contains(entry), "\(neighbours)")
        }
        // It is run again at each start.
        let script = DocumentedHosts.root.appending(path: "vagrant/network.sh").path
        try Program.expect(hosts.command([script, "fast-afpacket-101"], on: "alpha"))
    }

    /// Ctrl-C on a terminal reaches the script and its children, as timeout(1) passes it on; SIGTERM the script alone.
    @Test(arguments: [(["timeout", "40"], SIGINT), ([], SIGTERM)])
    func theServersSendToAndHearEachOther(launcher: [String], signal: Int32) throws {
        let hosts = try DocumentedHosts()
        let servers = try [("alpha", 1), ("beta", 2)].map { host, number in
            let script = DocumentedHosts.root.appending(path: "vagrant/server-\(number).sh").path
            return try Program(hosts.command(launcher + [script], on: host))
        }
        for server in servers {
            try server.waitForOutput(containing: "TX Recvmsg", count: 2)
            try server.waitForOutput(containing: "RX Recvmsg", count: 2)
        }
        for server in servers {
            server.send(signal: signal)
            let result = try server.finish()
            #expect(result.summary("TX Summary", "sent") ?? 0 >= 2, "\(result)")
            #expect(result.summary("RX Summary", "probes") ?? 0 >= 2, "\(result)")
        }
    }

    @Test func aHostThatIsNotThereIsTold() throws {
        let hosts = try DocumentedHosts()
        let script = DocumentedHosts.root.appending(path: "vagrant/network.sh").path
        let unknown = try Program.run(hosts.command([script, "elsewhere"], on: "alpha"))
        #expect(unknown.status != 0 && unknown.errors.contains("no host elsewhere"), "\(unknown)")
        let missing = try Program.run(hosts.command([script, "fast-afpacket-102"], on: "alpha"))
        #expect(missing.status != 0 && missing.errors.contains("02:42:ac:c8:01:62"), "\(missing)")
    }

    /// Vagrant itself cannot run here; its file is read with a stand-in for it, which prints what is asked of it.
    @Test(.needs("ruby"))
    func theVagrantfileAsksForTheTwoMachines() throws {
        let standIn = """
            class Machine
              def method_missing(name, *words, **options)
                puts [name, *words, *options.map { |option, value| "#{option}=#{value}" }].join(" ")
                machine = Machine.new
                yield machine if block_given?
                machine
              end
            end
            module Vagrant
              def self.configure(_) = yield(Machine.new)
            end
            load ARGV[0]
            """
        let file = DocumentedHosts.root.appending(path: "Vagrantfile").path
        let result = try Program.run(["ruby", "-e", standIn, file])
        #expect(result.status == 0, "\(result)")
        for number in [1, 2] {
            let name = "fast-afpacket-10\(number)"
            for line in [
                "define \(name)", "hostname= \(name)", "provision shell path=vagrant/provision.sh",
                "network private_network ip=192.168.56.10\(number) mac=0242acc8016\(number) auto_config=false",
                "provision shell inline=/vagrant/vagrant/network.sh \(name) run=always",
            ] { #expect(result.lines.contains(line), "\(line)\n\(result)") }
        }
    }
}
