import Testing

@testable import afprobe

@Suite struct JoiningTests {
    @Test(
        "The separator stands between the strings alone",
        arguments: [
            ([], ""), (["a"], "a"), (["a", "b", "c"], "a, b, c"), (["", ""], ", "),
        ] as [([String], String)])
    func joins(strings: [String], text: String) {
        #expect(strings.joined(separator: ", ") == text)
    }
}
