/// The limits of `--fail-if`, in the grammar on top of Limit.swift.
func parseLimits(_ text: String) throws(ValueError) -> [Limit] {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    var limits: [Limit] = []
    for (index, part) in parts.enumerated() {
        do throws(ValueError) { limits.append(try parseLimit(part)) } catch {
            throw ValueError(error.expected, meant: limitsMeant(by: parts, at: index, error.meant))
        }
    }
    return limits
}

/// The list with a wrong limit corrected: by what was meant by it, or with a point for a decimal comma, `1,5ms`.
private func limitsMeant(by parts: [Substring], at index: Int, _ meant: String?) -> String? {
    var texts = parts.map { String($0.trimmed) }
    let point = index + 1 < texts.count ? "\(texts[index]).\(texts[index + 1])" : nil
    if let point, (try? parseLimit(point[...])) != nil {
        texts.replaceSubrange(index...index + 1, with: [point])
    } else if let meant {
        texts[index] = meant
    } else {
        return nil
    }
    let text = texts.joined(separator: ",")
    do throws(ValueError) {
        _ = try parseLimits(text)
        return text
    } catch { return error.meant }
}

private func parseLimit(_ text: Substring) throws(ValueError) -> Limit {
    let operators = text.firstIndex { "<>=".contains($0) }.map { start in
        start..<(text[start...].firstIndex { !"<>=".contains($0) } ?? text.endIndex)
    }
    guard let operators, let comparison = Limit.Comparison(rawValue: String(text[operators])) else {
        // The shell has taken the operator, and the bound for a file's name.
        throw ValueError(
            operators == nil && !text.isEmpty
                ? "limits in quotes, like 'rtt.p99>1ms,loss>0.1%': the shell takes > and < for itself"
                : "limits like network.p99>50us, loss>0.1% or missing_hardware>0, with > >= < or <=",
            meant: operators.flatMap { limitMeant(by: text, $0) })
    }
    let (name, bound) = (
        String(text[..<operators.lowerBound].trimmed), String(text[operators.upperBound...].trimmed)
    )
    let parser = LimitParser(name: name, comparison: comparison, bound: bound)
    return Limit(text: parser.text, comparison: comparison, bound: try parser.parse())
}

/// `rtt.p99>=5us` for `rtt.p99=>5us`; nil if the operator is none in disguise.
private func limitMeant(by text: Substring, _ operators: Range<Substring.Index>) -> String? {
    guard let right = ["=>": ">=", "=<": "<="][text[operators]] else { return nil }
    let meant = text[..<operators.lowerBound].trimmed + right + text[operators.upperBound...].trimmed
    return (try? parseLimit(meant[...])) == nil ? nil : String(meant)
}

/// A limit in its three parts.
private struct LimitParser {
    let name: String
    let comparison: Limit.Comparison
    let bound: String

    var text: String { text(name, bound) }

    private func text(_ name: String, _ bound: String) -> String { name + comparison.rawValue + bound }

    private func error(_ expected: String, meant name: String? = nil, bound: String? = nil) -> ValueError {
        let isKnown = name != nil || bound != nil
        return ValueError(expected, meant: isKnown ? text(name ?? self.name, bound ?? self.bound) : nil)
    }

    /// An error in a figure's name. Who does not know it yet writes `p99<1ms` for what is good, not for what fails.
    private func nameError(_ expected: String, meant name: String?) -> ValueError {
        let comparison = [.less, .lessOrEqual].contains(comparison) ? .greater : comparison
        return ValueError(expected, meant: name.map { $0 + comparison.rawValue + bound })
    }

    func parse() throws(ValueError) -> Limit.Bound {
        let name = name.lowercased()
        if name == "loss" { return .loss(try parsePercentage()) }
        if let counter = Counter.allCases.first(where: { $0.name == name }) {
            guard let number = parseWhole(bound) else {
                // `lost>1%`: the share is the loss.
                let isShare = counter == .lost && bound.hasSuffix("%")
                throw error("a whole number in '\(text)', like 0", meant: isShare ? "loss" : nil)
            }
            return .count(counter, number)
        }
        let parts = name.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let figure = Figure.allCases.first(where: { $0.name == parts[0] }) else {
            let figures = Figure.allCases.map(\.name).joined(separator: ", ")
            let meant = figureMeant(by: name)
            guard parts.count == 1 else {
                throw nameError("a figure in '\(text)': one of \(figures)", meant: meant)
            }
            let counters = Counter.allCases.map(\.name).joined(separator: ", ")
            throw nameError(
                "a name in '\(text)': a figure's, like network.p99, loss, or one of \(counters)", meant: meant
            )
        }
        guard parts.count == 2, let statistic = Statistic(anyNameOf: String(parts[1])) else {
            let statistics = Statistic.allCases.map(\.rawValue).joined(separator: ", ")
            throw nameError(
                "a statistic in '\(text)', like \(figure.name).p99: one of \(statistics)",
                meant: parts.count == 1 ? "\(figure.name).p99" : nil)
        }
        return .duration(figure, statistic, try parseBoundDuration())
    }

    /// `rtt.p99` for `p99`, and for `rtt_p99` and `rtt_p99_ns`, the keys of the output.
    private func figureMeant(by name: String) -> String? {
        if let statistic = Statistic(anyNameOf: name) { return "rtt.\(statistic.rawValue)" }
        let key = name.hasSuffix("_ns") ? String(name.dropLast(3)) : name
        for figure in Figure.allCases where key.hasPrefix("\(figure.name)_") {
            if let statistic = Statistic(anyNameOf: String(key.dropFirst(figure.name.count + 1))) {
                return "\(figure.name).\(statistic.rawValue)"
            }
        }
        return nil
    }

    /// A duration with an explicit unit: ping's bare seconds would be misread among microseconds.
    private func parseBoundDuration() throws(ValueError) -> Int64 {
        guard bound.utf8.last.map({ !isDigit($0) && $0 != UInt8(ascii: ".") }) ?? false,
            let duration = try? parseDuration(bound)
        else {
            let isBare = (try? parseDuration(bound)) != nil
            throw error(
                "a duration with its unit in '\(text)', like 250ns, 50us, 1ms or 1.5s",
                bound: isBare ? "\(bound)us" : nil)
        }
        return duration
    }

    private func parsePercentage() throws(ValueError) -> Double {
        let number = bound.last == "%" ? bound.dropLast() : bound[...]
        let isNumber = number.utf8.allSatisfy { isDigit($0) || $0 == UInt8(ascii: ".") }
        let percent = isNumber ? Double(number).flatMap { (0...100).contains($0) ? $0 : nil } : nil
        guard let percent, bound.last == "%" else {
            throw error("a percentage in '\(text)', like 0.1%", bound: percent == nil ? nil : "\(bound)%")
        }
        return percent
    }
}

extension Statistic {
    /// The statistic by its name here, in other programs, or in a key of the output.
    fileprivate init?(anyNameOf name: String) {
        switch name {
        case "avg", "average": self = .mean
        case "median", "med": self = .p50
        case "p999", "p99_9": self = .p999
        case "mdev", "std", "sd": self = .stddev
        default: self.init(rawValue: name)
        }
    }
}

extension Substring {
    fileprivate var trimmed: Substring {
        let start = drop { $0 == " " }
        guard let end = start.lastIndex(where: { $0 != " " }) else { return start }
        return start[...end]
    }
}
