import Foundation
import Testing

@testable import afprobe

@Suite struct ManPageTests {
    private let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
    private let commands = Program.commands.map(\.description)

    private func text(of file: String) throws -> String {
        try String(contentsOf: root.appending(path: file), encoding: .utf8)
    }

    /// The committed pages have the sections that the declarations give; `make man` renews them.
    @Test func committedPagesAreCurrent() throws {
        for name in ManPage.names(commands) {
            let page = try text(of: "man/\(name).1")
            let generated = try #require(ManPage.sections(of: name, commands))
            let sections = generated.components(separatedBy: ".Sh ").dropFirst()
            #expect(sections.count >= 2)
            for section in sections {
                let copies = page.components(separatedBy: ".Sh \(section)").count - 1
                #expect(copies == 1, "\(name), \(section.prefix { $0 != "\n" }): run make man")
            }
        }
    }

    @Test func optionsAndPagesInProseAreMarkedUp() throws {
        let description = CommandDescription(
            name: "sample", summary: "Do nothing", discussion: "",
            options: [
                OptionDescription(
                    long: "path", short: "p", arity: .value("A\\B"), section: .target,
                    help: "With --udp: see pcap-filter(7), and ip(8). .Sh is no macro (-v) here.",
                    completion: .nothing, isRequired: true)
            ], operands: [])
        let page = try #require(ManPage.sections(of: "afprobe-sample", [description]))
        #expect(
            page.contains(
                """
                .It Fl p , Fl -path Ar A\\eB
                With
                .Fl -udp :
                see
                .Xr pcap-filter 7 ,
                and
                .Xr ip 8 .
                \\&.Sh is no macro
                .Fl ( v )
                here.
                """), "\(page)")
        #expect(page.contains(".Nm afprobe Cm sample\n.Fl p Ar A\\eB\n"), "\(page)")
    }

    /// The page about the wire format has the fields of the diagram in the source, at the same places.
    @Test func theWireFormatIsThatOfTheSource() throws {
        let page = try text(of: "man/afprobe-probe.5").matches(of: /(?m)^\.It (\d+) Ta (\d+) Ta/)
            .map { "\($0.output.1) \($0.output.2)" }
        let source = try text(of: "Sources/afprobe/Wire/Probe/ProbeMessage.swift")
            .matches(of: #/(?m)^// +(\d+) +(\d+)   /#).map { "\($0.output.1) \($0.output.2)" }
        #expect(page.count > 20)
        #expect(page == source)
    }

    // MARK: afprobe-output(5)

    /// Each key that the sources name is described, and each that is described is named there. What lines really have
    /// is compared with the page where they are printed.
    @Test func everyKeyOfALineIsDescribed() throws {
        let items = try text(of: "man/afprobe-output.5").matches(of: /(?m)^\.It Cm (.*)$/)
        let described = Set(items.flatMap { $0.output.1.components(separatedBy: " , ") })
            .subtracting(["text", "logfmt", "json"])
        let statistics = Statistic.allCases.map { $0.rawValue.replacing(".", with: "_") }
        let named = try keysInTheSources().union(Figure.allCases.map(\.name)).union(statistics)
            .union(Counter.allCases.map(\.name)).union(ResponderFact.allCases.map(\.rawValue))
        let figures = Set(Figure.allCases.map { "\($0.name)_ns" })
        #expect(named.count > 100)
        #expect(named.subtracting(figures).subtracting(described) == [], "to be described")
        #expect(described.subtracting(named) == [], "no line has these any more")
    }

    /// The keys that stand in calls which add to a line, or in tables for them; some of these make several of one.
    private func keysInTheSources() throws -> Set<String> {
        let sources = root.appending(path: "Sources/afprobe")
        let files = try #require(FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil))
        var keys: Set<String> = []
        for case let file as URL in files where file.pathExtension == "swift" {
            let source = try String(contentsOf: file, encoding: .utf8)
            let adding =
                #/[. ](integer|percentage|string|boolean|address|name|list|knownList|missing|stamp|duration\w*|readableDuration)\(\s*"(\w+)"(.*)/#
            for call in source.matches(of: adding) {
                let (function, key, rest) = (call.output.1, String(call.output.2), call.output.3)
                keys.insert(key)
                if ["stamp", "duration", "durationTwins"].contains(function), !rest.contains("in: scale") {
                    keys.insert("\(key)_ns")
                }
                if rest.contains("namesClock:") { keys.insert("\(key)_clock") }
            }
            let others = [
                /because: "(\w+)"/, /fields\.add\(\s*"(\w+)",/, /\bField\("(\w+)",/,
                /\("(\w+)", \.(?:readable|nanoseconds|interface|peer|probe|target|roundTripClock|turnaroundClock|stamp)\b/,
            ]
            for pattern in others {
                for match in source.matches(of: pattern) { keys.insert(String(match.output.1)) }
            }
        }
        return keys
    }
}
