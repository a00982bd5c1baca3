import Testing

@testable import afprobe

/// Diagnostics for people.
@Suite struct MessageTests {
    private typealias Field = Message.Field

    @Test func theReasonStandsBehindAColonAndTheRemedyBelow() {
        let failure = Failure.refused(
            "There is no interface eth7", reason: "No such device", hint: "there are: va")
        #expect(
            Message(failure).wrapped(indent: 11)
                == "There is no interface eth7: No such device\n           there are: va")
    }

    @Test func linesEndBefore81Columns() {
        let words = Array(repeating: "word", count: 60).joined(separator: " ")
        let lines = Message(.warning, words, hint: words).wrapped(indent: 11).split(separator: "\n")
        #expect(lines.count == 10)
        for (index, line) in lines.enumerated() {
            #expect(line.count + (index == 0 ? 11 : 0) <= 80, "\(line)")
            #expect(index == 0 || line.hasPrefix("           word"))
        }
    }

    @Test func aValueBeforeStandsBehindTheOneNow() {
        let message = Message(
            .info, "Changed it",
            [
                Field("rx_filter", "none"), Field("rx_filter_before", "none"), Field("tx_type", "on"),
                Field("tx_type_before", "off"),
            ])
        #expect(message.wrapped(indent: 0) == "Changed it: rx_filter=none tx_type=on (before: off)")
        let alone = Message(.info, "It was", [Field("tx_type_before", "off")])
        #expect(alone.wrapped(indent: 0) == "It was: tx_type_before=off")
    }

    @Test func paragraphsReplaceTheFields() {
        var message = Message(.info, "x", [Field("key", "value")], hint: "hint")
        message.paragraphs = ["One", "Two"]
        #expect(message.wrapped(indent: 2) == "One\n  Two")
    }
}
