import AFPacketKit

/// The verification of a NIC's claims for people: a row for each shape of frames.
///
///     50 frames  TX hardware       TX software
///     plain      50/50 kept        50/50 kept
struct VerifyTable {
    private static let nameWidth = 10
    private static let columnWidth = 17

    let style: TextStyle
    private var hasHeading = false
    private var breaches = 0
    private var claimsHardware = false
    private var notes: [String] = []
    private var latest: [(clock: StampClock, lateness: Int64)] = []

    init(style: TextStyle) { self.style = style }

    /// The row of a shape, with the heading in front of the first one.
    mutating func row(_ claims: [StampClaim]) -> String {
        guard let first = claims.first else { return "" }
        var text = ""
        if !hasHeading {
            hasHeading = true
            let names = claims.map { ($0.frames == .sent ? "TX " : "RX ") + $0.clock.name }
            text = style.heading(line("\(first.count) frames", names.map(cell))) + "\n"
        }
        for claim in claims {
            if claim.verdict.isBreach { breaches += 1 }
            if claim.isClaimed, claim.clock == .hardware { claimsHardware = true }
            if let lateness = claim.latenesses?.lateness(1) { latest.append((claim.clock, lateness)) }
        }
        return text + line(first.shape.rawValue, claims.map(cell)) + "\n"
    }

    private func line(_ name: String, _ cells: [String]) -> String {
        // A colour takes no column.
        (name.leftAligned(Self.nameWidth) + cells.map { " " + $0 }.joined()).trimmingBlanks
    }

    private func cell(_ text: String) -> String { text.leftAligned(Self.columnWidth - 1) }

    private func cell(_ claim: StampClaim) -> String {
        let text = cell("\(claim.stamped)/\(claim.count) \(claim.verdict.text)")
        return switch claim.verdict {
        case .kept: style.success(text)
        case .partly, .broken: style.alarm(text)
        case .unclaimed, .none, .unknown: text
        }
    }

    /// Adds a sentence to stand under the table.
    mutating func add(_ note: String) { notes.append(note) }

    /// The sentences under the table: the notes, how late stamps were, and the verdict.
    ///
    /// - Parameter isKept: the verdict; nil if there is none.
    func conclusion(isKept: Bool?) -> String {
        var text = notes.map { wrap($0, indent: 0) }.joined()
        for clock in [StampClock.hardware, .software] {
            guard let most = latest.filter({ $0.clock == clock }).map(\.lateness).max() else { continue }
            text +=
                "\(clock.name) stamps of sent frames came at most \(style.rounded(most)) after the send call\n"
        }
        return switch isKept {
        case true?:
            text + style.success("every claim is kept")
                + (claimsHardware ? "\n" : "; hardware stamps are not claimed\n")
        case false?:
            text + style.alarm(breaches == 1 ? "1 claim is not kept" : "\(breaches) claims are not kept")
                + "\n"
        case nil: text
        }
    }
}

extension StampVerdict {
    /// The verdict in two words at most.
    fileprivate var text: String {
        switch self {
        case .kept: "kept"
        case .partly: "not kept"
        case .broken: "not kept"
        case .unclaimed: "unexpected"
        case .none: "not claimed"
        case .unknown: "no frame"
        }
    }
}

extension String {
    fileprivate var trimmingBlanks: String {
        var text = self[...]
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
