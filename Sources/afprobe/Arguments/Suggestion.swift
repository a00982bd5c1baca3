/// Suggestions for a word: the names that begin with it, or else the closest one.
func candidates(for word: String, among names: [String]) -> [String] {
    let longer = word.isEmpty ? [] : names.filter { $0.hasPrefix(word) }
    return longer.isEmpty ? closest(to: word, among: names).map { [$0] } ?? [] : longer
}

/// The name with the smallest edit distance; nil if the distance is too large for the name's length.
func closest(to word: String, among names: [String]) -> String? {
    let best = names.map { (name: $0, distance: editDistance(word, $0)) }.min { $0.distance < $1.distance }
    guard let best, best.distance <= max(1, best.name.count / 3) else { return nil }
    return best.name
}

/// The edit distance: insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
func editDistance(_ left: String, _ right: String) -> Int {
    let left = Array(left)
    let right = Array(right)
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for i in left.indices {
        var row = [i + 1]
        for j in right.indices {
            let replaced = last[j] + (left[i] == right[j] ? 0 : 1)
            var distance = min(replaced, last[j + 1] + 1, row[j] + 1)
            if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                distance = min(distance, beforeLast[j - 1] + 1)
            }
            row.append(distance)
        }
        (beforeLast, last) = (last, row)
    }
    return last[right.count]
}
