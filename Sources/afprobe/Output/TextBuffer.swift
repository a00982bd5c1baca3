/// Text in the making: bytes that are appended to memory kept from line to line.
struct TextBuffer {
    private(set) var bytes: [UInt8] = []
    /// That of the second that was appended last: most lines tell the same.
    private var date = DateText(second: 0)

    init(capacity: Int = 1024) { bytes.reserveCapacity(capacity) }

    var count: Int { bytes.count }

    mutating func clear() { bytes.removeAll(keepingCapacity: true) }

    /// Takes the first bytes away.
    mutating func removeFirst(_ count: Int) { bytes.removeFirst(count) }

    mutating func append(_ byte: UInt8) { bytes.append(byte) }

    mutating func append(_ text: StaticString) {
        let count = text.utf8CodeUnitCount
        let start = unsafe text.utf8Start
        // Byte by byte where there are few, as between keys and values: a call to copy them costs more.
        guard count > 2 else {
            for index in 0..<count { unsafe bytes.append(start[index]) }
            return
        }
        unsafe bytes.append(contentsOf: UnsafeBufferPointer(start: start, count: count))
    }

    mutating func append(bytes more: [UInt8]) { bytes.append(contentsOf: more) }

    mutating func append(string text: String) {
        // At one go, where the view is gone through byte by byte.
        var text = text
        text.withUTF8 { unsafe bytes.append(contentsOf: $0) }
    }

    /// Appends the date and the time of day of a second.
    mutating func append(dateOf second: Int64) {
        if second != date.second { date = DateText(second: second) }
        let text = date.text
        unsafe text.span.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
    }

    mutating func append(_ number: Int64) {
        if number < 0 { append(UInt8(ascii: "-")) }
        append(number.magnitude)
    }

    mutating func append(_ number: UInt64) { append(number, digits: 1) }

    /// Appends a number with zeros in front up to so many digits, at most 20.
    mutating func append(_ number: UInt64, digits: Int) {
        // As many as the largest number has.
        let most = 20
        unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: most) { buffer in
            var start = most
            var rest = number
            while rest != 0 || most - start < min(digits, most) {
                let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
                start -= 1
                unsafe buffer[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: digit)
                rest = quotient
            }
            unsafe bytes.append(contentsOf: UnsafeBufferPointer(rebasing: buffer[start...]))
        }
    }

    /// Appends `fraction` as the decimals of a number: `digits` of them, a point in front, the zeros at the
    /// end dropped, and nothing where all are zero.
    mutating func appendFraction(_ fraction: UInt64, digits: Int) {
        guard fraction != 0 else { return }
        append(UInt8(ascii: "."))
        append(fraction, digits: digits)
        while bytes.last == UInt8(ascii: "0") { bytes.removeLast() }
    }

    mutating func pad(from start: Int, to width: Int) {
        while bytes.count - start < width { append(UInt8(ascii: " ")) }
    }
}
