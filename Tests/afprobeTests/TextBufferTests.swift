import Testing

@testable import afprobe

@Suite struct TextBufferTests {
    private let numbers: [UInt64] =
        (0..<20).map(tenTo).flatMap { [$0 - 1, $0, $0 + 1] } + (0..<64).map { 1 << $0 } + [.max]

    @Test func numbersAreThoseOfTheStandardLibrary() {
        for number in numbers {
            var text = TextBuffer()
            text.append(number)
            #expect(text.string == "\(number)")
            #expect(number.digitCount == "\(number)".count)
        }
        for number in [Int64.min, -10, -1, 0, 1, .max] {
            var text = TextBuffer()
            text.append(number)
            #expect(text.string == "\(number)")
        }
    }

    @Test(arguments: [0, 1, 2, 9, 19, 20, 21, 100])
    func numbersAreFilledUpToTwentyDigits(digits: Int) {
        for number in numbers {
            var text = TextBuffer()
            text.append(number, digits: digits)
            let plain = "\(number)"
            let zeros = String(repeating: "0", count: max(0, min(digits, 20) - plain.count))
            #expect(text.string == zeros + plain)
        }
    }

    /// Its memory grows, from the smallest there can be, and what was in it stays.
    @Test(arguments: [0, 1, 5]) func itGrows(capacity: Int) {
        var text = TextBuffer(capacity: capacity)
        var expected = ""
        for number in 0..<1000 as Range<UInt64> {
            text.append(number)
            text.append(UInt8(ascii: ","))
            text.append(string: "µs")
            text.append("; and so on")
            expected += "\(number),µs; and so on"
        }
        #expect(text.string == expected)
        #expect(text.bytes == Array(expected.utf8))
        #expect(text.count == text.span.count)
    }

    @Test func theFirstBytesCanBeTakenAway() {
        var text = TextBuffer(capacity: 4)
        text.append("one two three")
        text.removeFirst(0)
        #expect(text.string == "one two three")
        text.removeFirst(4)
        #expect(text.string == "two three")
        text.removeFirst(9)
        #expect(text.count == 0 && text.string == "")
        text.append(bytes: Array("four".utf8))
        #expect(text.string == "four")
        text.clear()
        text.append(string: "")
        #expect(text.string == "")
    }
}
