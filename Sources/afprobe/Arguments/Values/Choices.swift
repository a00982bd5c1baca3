// Words and names.

func parseText(_ text: String) throws(ValueError) -> String { text }

func parseFile(_ text: String) throws(ValueError) -> String {
    guard !text.isEmpty else { throw ValueError("the name of a file") }
    return text
}

/// The path of a file to write. Standard output is not accepted: lines go there.
func parseOutputFile(_ text: String) throws(ValueError) -> String {
    guard text != "-" else { throw ValueError("a file or a named pipe; standard output gets the lines") }
    return try parseFile(text)
}

/// A parser of one of several words, in small or capital letters.
func choiceParser<Choice: RawRepresentable<String> & CaseIterable>(
    _: Choice.Type
) -> (String) throws(ValueError) -> Choice {
    { (text: String) throws(ValueError) in
        guard let choice = Choice(rawValue: text.lowercased()) else {
            throw ValueError("one of \(Choice.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return choice
    }
}

/// A parser of the names that ethtool(8) uses; those of linux/net_tstamp.h are accepted, too.
func nameParser<Named: LosslessStringConvertible>(
    _: Named.Type, among names: [String]
) -> (String) throws(ValueError) -> Named {
    { (text: String) throws(ValueError) in
        guard let named = Named(text) ?? Named(nameWithoutPrefix(text)) else {
            throw ValueError("one of \(names.joined(separator: ", "))")
        }
        return named
    }
}

/// `ptpv2-event` for `HWTSTAMP_FILTER_PTP_V2_EVENT`.
private func nameWithoutPrefix(_ text: String) -> String {
    var name = text.lowercased()[...]
    for prefix in ["hwtstamp_tx_", "hwtstamp_filter_"] where name.hasPrefix(prefix) {
        name = name.dropFirst(prefix.count)
    }
    let words = name.split(separator: "_").joined(separator: "-")
    return words.hasPrefix("ptp-v") ? "ptpv" + words.dropFirst(5) : words
}

/// The form of the lines; nil for `auto`.
func parseFormat(_ text: String) throws(ValueError) -> LineFormat? {
    let name = text.lowercased()
    if name == "auto" { return nil }
    guard let format = LineFormat(rawValue: name) else {
        let names = ["auto"] + LineFormat.allCases.map(\.rawValue)
        throw ValueError("one of \(names.joined(separator: ", "))")
    }
    return format
}
