import AFPacketKit

/// A buffer of text whose memory is reused from line to line.
///
/// It owns its memory, so an append is a comparison and a copy: an array would check for unique ownership each time.
struct TextBuffer: ~Copyable {
    private var memory: Slab<UInt8>
    private(set) var count = 0
    /// The text of the last date: most consecutive lines share the second.
    private var date = DateText(second: 0)

    init(capacity: Int = 1024) { memory = Slab(zeros: max(1, capacity)) }

    // MARK: Content

    var span: Span<UInt8> {
        @_lifetime(borrow self)
        get { memory.span.extracting(first: count) }
    }

    var bytes: [UInt8] { span.array }

    var string: String { String(decoding: bytes, as: UTF8.self) }

    mutating func clear() { count = 0 }

    mutating func removeFirst(_ number: Int) {
        precondition((0...count).contains(number))
        memory.copy(number..<count, to: 0)
        count -= number
    }

    mutating func removeLast(_ number: Int) {
        precondition((0...count).contains(number))
        count -= number
    }

    /// The number of columns from an offset on, without the colours.
    func columns(from start: Int) -> Int {
        var columns = 0
        var isEscape = false
        for index in start..<count {
            let byte = memory[index]
            if byte == 0x1b { isEscape = true }
            // Bytes within a character of UTF-8 begin with the bits 10.
            if !isEscape, byte & 0xc0 != 0x80 { columns += 1 }
            if byte == UInt8(ascii: "m") { isEscape = false }
        }
        return columns
    }

    // MARK: Appending

    /// Extends the text by `more` bytes, and returns their offset.
    private mutating func extend(by more: Int) -> Int {
        if more > memory.count - count { enlarge(by: more) }
        let start = count
        count += more
        return start
    }

    private mutating func enlarge(by more: Int) {
        var larger = Slab<UInt8>(zeros: max(2 * memory.count, count + more))
        larger.copy(span, to: 0)
        memory = larger
    }

    mutating func append(_ byte: UInt8) { memory[extend(by: 1)] = byte }

    mutating func append(_ text: StaticString) { append(text.bytes) }

    mutating func append(bytes more: [UInt8]) { append(more.span) }

    mutating func append(_ other: borrowing TextBuffer) { append(other.span) }

    mutating func append(string text: String) { append(text.utf8.span) }

    private mutating func append(_ bytes: Span<UInt8>) {
        let start = extend(by: bytes.count)
        // Byte by byte if there are few, as between keys and values: a call to copy them costs more.
        guard bytes.count > 2 else {
            for index in 0..<bytes.count { memory[start + index] = bytes[index] }
            return
        }
        memory.copy(bytes, to: start)
    }

    /// Appends the date and the time of day of a second.
    mutating func append(dateOf second: Int64) {
        if second != date.second { date = DateText(second: second) }
        let text = date.text
        append(text.span)
    }

    mutating func append(_ number: Int64) {
        if number < 0 { append(UInt8(ascii: "-")) }
        append(number.magnitude)
    }

    mutating func append(_ number: UInt64) { append(number, digits: 1) }

    /// Appends a number with leading zeros up to a number of digits, at most 20.
    mutating func append(_ number: UInt64, digits: Int) {
        let length = max(number.digitCount, min(digits, 20))
        var place = extend(by: length) + length
        var rest = number
        // Two digits at a time, because division is the slow part.
        for _ in 0..<length / 2 {
            let (quotient, pair) = rest.quotientAndRemainder(dividingBy: 100)
            place -= 2
            memory.store(digitPairs.bytes.value(at: 2 * Int(pair), as: UInt16.self), at: place)
            rest = quotient
        }
        if !length.isMultiple(of: 2) {
            memory[place - 1] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest)
        }
    }

    /// Appends `fraction` as `digits` decimals after a point, without trailing zeros; nothing if it is zero.
    mutating func appendFraction(_ fraction: UInt64, digits: Int) {
        guard fraction != 0 else { return }
        append(UInt8(ascii: "."))
        append(fraction, digits: digits)
        while memory[count - 1] == UInt8(ascii: "0") { count -= 1 }
    }

    mutating func pad(from start: Int, to width: Int) {
        while count - start < width { append(UInt8(ascii: " ")) }
    }
}

private let digitPairs: StaticString = """
    00010203040506070809101112131415161718192021222324\
    25262728293031323334353637383940414243444546474849\
    50515253545556575859606162636465666768697071727374\
    75767778798081828384858687888990919293949596979899
    """
