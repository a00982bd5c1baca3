/// The words behind the program's name as they were typed, and changed on the way to the right ones.
struct TypedLine: Equatable {
    var words: [String]
    /// The options of one letter that take a value, which may follow in the same word.
    var lettersWithValue: Set<Character> = []

    /// The command line to paste into a shell.
    var text: String { (["afprobe"] + words.map(quotedForShell)).joined(separator: " ") }

    /// The words of an option: those before its value, if it has one in a word of its own, too.
    struct Place {
        var range: Range<Int>
        /// The flags that stand before it in the same word, with their hyphen: `-q` of `-qI`.
        var flags: [String] = []
    }

    /// Finds an option with its value; the last one, which counts.
    func place(of option: String, value: String) -> Place? {
        for index in words.indices.reversed() {
            if words[index] == "\(option)=\(value)" { return Place(range: index..<index + 1) }
            guard let (flags, attached) = place(of: option, at: index) else { continue }
            if attached == value { return Place(range: index..<index + 1, flags: flags) }
            if attached == nil, index + 1 < words.count, words[index + 1] == value {
                return Place(range: index..<index + 2, flags: flags)
            }
        }
        return nil
    }

    /// The values of an option, by its letter or its name.
    func values(of letter: String, _ name: String) -> [String] {
        words.indices.compactMap { index in
            let next = index + 1 < words.count ? words[index + 1] : nil
            if words[index].hasPrefix("\(name)=") { return String(words[index].dropFirst(name.count + 1)) }
            if words[index] == name { return next }
            return place(of: letter, at: index).flatMap { $0.value ?? next }
        }
    }

    /// Inserts words before an option, or else behind the command.
    mutating func insert(_ inserted: [String], before option: String? = nil) {
        let place = option.flatMap { option in
            words.firstIndex { $0 == option || $0.hasPrefix("\(option)=") }
        }
        words.insert(contentsOf: inserted, at: place ?? 1)
    }

    /// Tells how an option stands in a word: the flags before it, and what follows it, nil if nothing does.
    private func place(of option: String, at index: Int) -> (flags: [String], value: String?)? {
        let word = words[index]
        if word == option { return ([], nil) }
        guard !option.hasPrefix("--"), let letter = option.last, case .short(let letters) = Token(word),
            let position = letters.firstIndex(where: { $0 == letter || lettersWithValue.contains($0) }),
            letters[position] == letter
        else { return nil }
        let rest = letters[letters.index(after: position)...]
        let flags = letters[..<position]
        return (flags.isEmpty ? [] : ["-\(flags)"], rest.isEmpty ? nil : String(rest))
    }

    mutating func replace(_ place: Place, by replacement: [String]) {
        words.replaceSubrange(place.range, with: place.flags + replacement)
    }

    /// Replaces an option that is unknown here by what `replacement` makes of its value.
    ///
    /// - Parameter takesValue: whether the option has a value where it is known.
    /// - Returns: whether it was found, with a value if it takes one.
    mutating func replace(_ option: String, takesValue: Bool, by replacement: (String) -> [String]?) -> Bool {
        for index in words.indices {
            if option.hasPrefix("--"), words[index].hasPrefix("\(option)=") {
                let value = String(words[index].dropFirst(option.count + 1))
                guard var words = replacement(takesValue ? value : "") else { return false }
                // A flag's replacement keeps what was given to the flag.
                if !takesValue, let last = words.popLast() { words.append("\(last)=\(value)") }
                replace(Place(range: index..<index + 1), by: words)
                return true
            }
            guard let place = place(of: option, at: index) else { continue }
            return replace(place, at: index, takesValue: takesValue, by: replacement)
        }
        return false
    }

    private mutating func replace(
        _ place: (flags: [String], value: String?), at index: Int, takesValue: Bool,
        by replacement: (String) -> [String]?
    ) -> Bool {
        if !takesValue {
            // The other letters of the word remain.
            let rest = place.value.map { ["-\($0)"] } ?? []
            guard let words = replacement("") else { return false }
            replace(Place(range: index..<index + 1, flags: place.flags), by: words + rest)
            return true
        }
        let next = index + 1 < words.count ? words[index + 1] : nil
        guard let value = place.value ?? next, let words = replacement(value) else { return false }
        replace(Place(range: index..<index + (place.value == nil ? 2 : 1), flags: place.flags), by: words)
        return true
    }
}

/// A word as a POSIX shell takes it unchanged.
private func quotedForShell(_ word: String) -> String {
    let isPlain =
        !word.isEmpty
        && word.utf8.allSatisfy { byte in
            isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                || "-_./:=,%@+".utf8.contains(byte) || byte >= 0x80
        }
    return isPlain
        ? word
        : "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
}
