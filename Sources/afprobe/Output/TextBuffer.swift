/// Text in the making: bytes that are appended to memory kept from line to line.
struct TextBuffer {
    private(set) var bytes: [UInt8] = []

    init(capacity: Int = 1024) { bytes.reserveCapacity(capacity) }

    var count: Int { bytes.count }

    mutating func clear() { bytes.removeAll(keepingCapacity: true) }

    /// Takes the first bytes away.
    mutating func removeFirst(_ count: Int) { bytes.removeFirst(count) }

    mutating func append(_ byte: UInt8) { bytes.append(byte) }

    mutating func append(_ text: StaticString) {
        unsafe bytes.append(
            contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func append(bytes more: [UInt8]) { bytes.append(contentsOf: more) }

    mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

    mutating func append(_ number: Int64) {
        if number < 0 { append(UInt8(ascii: "-")) }
        append(number.magnitude)
    }

    mutating func append(_ number: UInt64) { append(number, digits: 1) }

    /// Appends a number with zeros in front up to so many digits.
    mutating func append(_ number: UInt64, digits: Int) {
        let start = bytes.count
        var rest = number
        var written = 0
        while rest != 0 || written < digits {
            bytes.append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
            written += 1
        }
        reverse(from: start)
    }

    private mutating func reverse(from start: Int) {
        var low = start
        var high = bytes.count - 1
        while low < high {
            bytes.swapAt(low, high)
            low += 1
            high -= 1
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
