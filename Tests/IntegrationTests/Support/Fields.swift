import Foundation

/// The `key=value` pairs of a logfmt line, quotes taken off.
func fields(_ line: String) -> [String: String] {
    var result: [String: String] = [:]
    var rest = Substring(line)
    while let equals = rest.firstIndex(of: "=") {
        let key = String(rest[..<equals].drop { $0 == " " })
        rest = rest[rest.index(after: equals)...]
        if rest.first == "\"" {
            rest = rest.dropFirst()
            let end = rest.firstIndex(of: "\"") ?? rest.endIndex
            result[key] = String(rest[..<end])
            rest = rest[end...].dropFirst()
        } else {
            let end = rest.firstIndex(of: " ") ?? rest.endIndex
            result[key] = String(rest[..<end])
            rest = rest[end...]
        }
    }
    return result
}

extension Program.Result {
    /// The errors, without the line that says what a listener does.
    var diagnostics: String {
        errors.split(separator: "\n").filter { !$0.contains("Listening on ") }.map { "\($0)\n" }.joined()
    }

    /// The lines with a message, as their pairs.
    func lines(_ message: String) -> [[String: String]] {
        lines.map(fields).filter { $0["msg"] == message }
    }

    /// A counter of the run's summary.
    func summary(_ message: String, _ key: String) -> Int? {
        lines(message).last?[key].flatMap { Int($0) }
    }
}
