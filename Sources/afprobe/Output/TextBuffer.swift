/// Text in the making: bytes that are appended to memory kept from line to line.
///
/// The memory is the buffer's own, so that appending is a comparison and a copy: of an array each piece, be it a byte,
/// would be asked anew whose it is.
@safe struct TextBuffer: ~Copyable {
    private var memory: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    /// How many bytes there are.
    private(set) var count = 0
    /// That of the second that was appended last: most lines tell the same.
    private var date = DateText(second: 0)

    init(capacity: Int = 1024) {
        self.capacity = capacity
        unsafe memory = .allocate(capacity: capacity)
    }

    deinit { unsafe memory.deallocate() }

    // MARK: What is in it

    var span: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            let span = unsafe Span(_unsafeStart: memory, count: count)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// A copy of the bytes.
    var bytes: [UInt8] { unsafe Array(UnsafeBufferPointer(start: memory, count: count)) }

    var string: String {
        unsafe String(decoding: UnsafeBufferPointer(start: memory, count: count), as: UTF8.self)
    }

    mutating func clear() { count = 0 }

    /// Takes the first bytes away.
    mutating func removeFirst(_ number: Int) {
        precondition((0...count).contains(number))
        count -= number
        unsafe memory.update(from: memory + number, count: count)
    }

    // MARK: Appending

    /// Counts so many bytes more, and says where they are to be written.
    @inline(always)
    private mutating func extend(by more: Int) -> UnsafeMutablePointer<UInt8> {
        if more > capacity - count { enlarge(by: more) }
        let start = unsafe memory + count
        count += more
        return unsafe start
    }

    @inline(never)
    private mutating func enlarge(by more: Int) {
        capacity = max(2 * capacity, count + more)
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        unsafe larger.update(from: memory, count: count)
        unsafe memory.deallocate()
        unsafe memory = larger
    }

    mutating func append(_ byte: UInt8) { unsafe extend(by: 1).pointee = byte }

    mutating func append(_ text: StaticString) {
        unsafe append(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func append(bytes more: [UInt8]) { unsafe more.withUnsafeBufferPointer { unsafe append($0) } }

    mutating func append(_ other: borrowing TextBuffer) {
        unsafe append(UnsafeBufferPointer(start: other.memory, count: other.count))
    }

    mutating func append(string text: String) {
        // At one go, where the view is gone through byte by byte.
        var text = text
        text.withUTF8 { unsafe append($0) }
    }

    private mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard let source = bytes.baseAddress else { return }
        let start = unsafe extend(by: bytes.count)
        // Byte by byte where there are few, as between keys and values: a call to copy them costs more.
        guard bytes.count > 2 else {
            for index in 0..<bytes.count { unsafe start[index] = source[index] }
            return
        }
        unsafe start.update(from: source, count: bytes.count)
    }

    /// Appends the date and the time of day of a second.
    mutating func append(dateOf second: Int64) {
        if second != date.second { date = DateText(second: second) }
        let text = date.text
        unsafe text.span.withUnsafeBufferPointer { unsafe append($0) }
    }

    mutating func append(_ number: Int64) {
        if number < 0 { append(UInt8(ascii: "-")) }
        append(number.magnitude)
    }

    mutating func append(_ number: UInt64) { append(number, digits: 1) }

    /// Appends a number with zeros in front up to so many digits, at most 20.
    mutating func append(_ number: UInt64, digits: Int) {
        let length = max(number.digitCount, min(digits, 20))
        var place = unsafe extend(by: length) + length
        var rest = number
        // Two at a time: it is the division that takes time.
        for _ in 0..<length / 2 {
            let (quotient, pair) = rest.quotientAndRemainder(dividingBy: 100)
            unsafe place -= 2
            unsafe place.update(from: digitPairs.utf8Start + 2 * Int(pair), count: 2)
            rest = quotient
        }
        if !length.isMultiple(of: 2) {
            unsafe place[-1] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest)
        }
    }

    /// Appends `fraction` as the decimals of a number: `digits` of them, a point in front, the zeros at the
    /// end dropped, and nothing where all are zero.
    mutating func appendFraction(_ fraction: UInt64, digits: Int) {
        guard fraction != 0 else { return }
        append(UInt8(ascii: "."))
        append(fraction, digits: digits)
        while unsafe memory[count - 1] == UInt8(ascii: "0") { count -= 1 }
    }

    mutating func pad(from start: Int, to width: Int) {
        while count - start < width { append(UInt8(ascii: " ")) }
    }
}

/// The numbers from 00 to 99, one after the other.
private let digitPairs: StaticString = """
    00010203040506070809101112131415161718192021222324\
    25262728293031323334353637383940414243444546474849\
    50515253545556575859606162636465666768697071727374\
    75767778798081828384858687888990919293949596979899
    """
