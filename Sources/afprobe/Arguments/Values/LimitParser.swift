/// The limits of `--fail-if`, in the grammar on top of Limit.swift.
func parseLimits(_ text: String) throws(ValueError) -> [Limit] {
    var limits: [Limit] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
        limits.append(try parseLimit(part))
    }
    return limits
}

private func parseLimit(_ text: Substring) throws(ValueError) -> Limit {
    guard let start = text.firstIndex(where: { $0 == ">" || $0 == "<" }) else {
        throw ValueError("limits like network.p99>50us, loss>0.1% or missing_hardware>0, with > >= < or <=")
    }
    let isStrict = text[text.index(after: start)...].first != "="
    let end = text.index(start, offsetBy: isStrict ? 1 : 2)
    let (name, bound) = (String(text[..<start].trimmed), String(text[end...].trimmed))
    let comparison: Limit.Comparison =
        if text[start] == ">" { isStrict ? .greater : .greaterOrEqual } else {
            isStrict ? .less : .lessOrEqual
        }
    let limit = name + comparison.rawValue + bound
    return Limit(
        text: limit, comparison: comparison, bound: try parseBound(of: name, bound, in: "'\(limit)'"))
}

/// - Parameter limit: the whole limit, quoted in errors.
private func parseBound(
    of name: String, _ bound: String, in limit: String
) throws(ValueError) -> Limit.Bound {
    if name == "loss" { return .loss(try parsePercentage(bound, in: limit)) }
    if let counter = Counter.allCases.first(where: { $0.name == name }) {
        guard let number = parseDecimal(bound) else {
            throw ValueError("a whole number in \(limit), like 0")
        }
        return .count(counter, number)
    }
    let parts = name.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    guard let figure = Figure.allCases.first(where: { $0.name == parts[0] }) else {
        let figures = Figure.allCases.map(\.name).joined(separator: ", ")
        guard parts.count == 1 else { throw ValueError("a figure in \(limit): one of \(figures)") }
        let counters = Counter.allCases.map(\.name).joined(separator: ", ")
        throw ValueError("a name in \(limit): a figure's, like network.p99, loss, or one of \(counters)")
    }
    guard parts.count == 2, let statistic = Statistic(rawValue: String(parts[1])) else {
        let statistics = Statistic.allCases.map(\.rawValue).joined(separator: ", ")
        throw ValueError("a statistic in \(limit), like \(figure.name).p99: one of \(statistics)")
    }
    return .duration(figure, statistic, try parseBoundDuration(bound, in: limit))
}

/// A duration with an explicit unit: ping's bare seconds would be misread among microseconds.
private func parseBoundDuration(_ text: String, in limit: String) throws(ValueError) -> Int64 {
    guard text.utf8.last.map({ !isDigit($0) && $0 != UInt8(ascii: ".") }) ?? false,
        let duration = try? parseDuration(text)
    else {
        throw ValueError("a duration with its unit in \(limit), like 250ns, 50us, 1ms or 1.5s")
    }
    return duration
}

private func parsePercentage(_ text: String, in limit: String) throws(ValueError) -> Double {
    let number = text.dropLast()
    guard text.last == "%", number.utf8.allSatisfy({ isDigit($0) || $0 == UInt8(ascii: ".") }),
        let percent = Double(number), (0...100).contains(percent)
    else {
        throw ValueError("a percentage in \(limit), like 0.1%")
    }
    return percent
}

extension Substring {
    fileprivate var trimmed: Substring {
        let start = drop { $0 == " " }
        guard let end = start.lastIndex(where: { $0 != " " }) else { return start }
        return start[...end]
    }
}
