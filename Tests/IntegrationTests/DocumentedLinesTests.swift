import Foundation
import Testing

@testable import afprobe

/// The lines that are printed have the keys that afprobe-output(5) describes for them, and no others.
@Suite(.needs())
struct DocumentedLinesTests {
    /// The page's words about each line: the message, and the items under it.
    private let documented: [String: Set<String>]
    private let page: String

    init() throws {
        page = try String(
            contentsOf: DocumentedHosts.root.appending(path: "man/afprobe-output.5"), encoding: .utf8)
        var items: [String: Set<String>] = [:]
        // Several lines may share one list.
        var messages: [String] = []
        var isListed = false
        for line in page.split(separator: "\n") {
            if line.hasPrefix(".Sh ") { messages = [] }
            if line.hasPrefix(".Ss ") {
                messages = (isListed ? [] : messages) + [String(line.dropFirst(4))]
                isListed = false
            } else if line.hasPrefix(".It Cm ") {
                isListed = true
                let keys = line.dropFirst(7).split(separator: " , ").map(String.init)
                for message in messages { items[message, default: []].formUnion(keys) }
            } else if line.hasPrefix(".It Ar figure ") {
                for message in messages { items[message, default: []].insert(String(line.dropFirst(4))) }
            }
        }
        documented = items
    }

    @Test func allKeysOfJSONAreThoseDescribed() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("--format", "json")
        let peer = hosts.far.address
        var lines = ""
        for command in [
            ["send", "-i", "va", "-d", peer, "-c", "1"], ["hwstamp", "va"], ["hwstamp", "--verify", "va"],
            ["hwstamp", "--verify", "--peer", peer, "va"],
            ["ping", "-i", "va", peer, "-c", "300", "-I", "0", "--histogram", "--synchronised"],
            ["ping", "-i", "va", "02:00:00:00:00:77", "-c", "1", "-W", "1ms"],
        ] {
            lines += try Program(hosts.near.command([Tool.afprobe] + command + ["--format", "json"])).finish()
                .output
        }
        lines += try listener.interrupt().output
        // Each kind of line once for each set of keys that it came with.
        var seen: [String: Set<Set<String>>] = [:]
        for line in lines.split(separator: "\n") {
            let object = try #require(
                try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            let message = try #require(object["msg"] as? String)
            seen[message, default: []].insert(
                Set(object.keys).subtracting(["time", "level", "msg", "schema"]))
        }
        for (message, variants) in seen {
            let expected = try keysInJSON(of: message)
            for keys in variants {
                let own = keys.filter { expected.contains($0) || !isOfAFigure($0, in: message) }
                #expect(own == expected, "\(message)")
            }
        }
        #expect(
            Set(seen.keys).isSuperset(of: [
                "TX Recvmsg", "TX Summary", "RX Recvmsg", "RX Stats", "RX Summary", "PING Reply",
                "PING Timeout",
                "PING Tail", "PING Summary", "PING Histogram", "Hardware Timestamping", "Verify Transmit",
                "Verify Receive",
                "Verify Peer",
            ]))
    }

    @Test func eachMessageHasASampleWithKeysThatAreDescribed() throws {
        var shown: Set<String> = []
        for line in samples {
            guard let message = documented.keys.first(where: { line.contains($0) }) else { continue }
            shown.insert(message)
            let keys: Set<String>
            if line.hasPrefix("{") {
                let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
                keys = Set(try #require(object, "\(line)").keys)
            } else if line.hasPrefix("time=") {
                keys = Set(line.matches(of: /(\w+)=(?:"[^"]*"|\S+)/).map { String($0.output.1) })
            } else {
                continue  // the short lines for people
            }
            let items = documented[message] ?? []
            let unknown = keys.subtracting(["time", "level", "msg", "schema"]).subtracting(items)
            #expect(unknown.filter { !isOfAFigure($0, in: message) } == [], "\(line)")
        }
        #expect(Set(documented.keys).subtracting(shown) == ["Formats"], "without a sample")
    }

    /// The lines in the page's displays, unfolded.
    private var samples: [String] {
        var lines: [String] = []
        var isDisplay = false
        for line in page.components(separatedBy: "\n") {
            if line.hasPrefix(".Bd") || line.hasPrefix(".Ed") {
                isDisplay = line.hasPrefix(".Bd")
            } else if isDisplay, line.hasPrefix("    "), let start = lines.last {
                let blank = start.hasPrefix("{") ? "" : " "
                lines[lines.count - 1] += blank + line.trimmingCharacters(in: .whitespaces)
            } else if isDisplay {
                lines.append(line.replacing("\\e", with: "\\"))
            }
        }
        return lines
    }

    /// In JSON there is no key for people beside one in nanoseconds.
    private func keysInJSON(of message: String) throws -> Set<String> {
        let items = try #require(documented[message], "\(message) is not described")
        return items.filter { !items.contains("\($0)_ns") && !$0.hasPrefix("Ar ") }
    }

    /// Returns whether a key is one of those that the page describes by a pattern for all figures.
    private func isOfAFigure(_ key: String, in message: String) -> Bool {
        let statistics = Statistic.allCases.map { $0.rawValue.replacing(".", with: "_") }
        for pattern in documented[message] ?? [] where pattern.hasPrefix("Ar figure") {
            for figure in Figure.allCases.map(\.name) {
                switch pattern {
                case "Ar figure Ns Cm _ns" where key == "\(figure)_ns": return true
                case "Ar figure Ns Cm _percent" where key == "\(figure)_percent": return true
                case "Ar figure Ns Cm _missing" where key == "\(figure)_missing": return true
                case "Ar figure Ns Cm _count" where key == "\(figure)_count": return true
                case "Ar figure Ns Cm _negatives" where key == "\(figure)_negatives": return true
                case "Ar figure Ns Cm _ Ns Ar statistic Ns Cm _ns":
                    if statistics.contains(where: { key == "\(figure)_\($0)_ns" }) { return true }
                default: break
                }
            }
        }
        return false
    }
}
