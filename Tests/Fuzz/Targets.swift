// One program for all targets: its name says which one it is.
private let targets: [String: @Sendable (Span<UInt8>) -> Void] = [
    "frame": fuzzFrame, "message": fuzzMessage, "answers": fuzzAnswers, "control": fuzzControl,
    "ring": fuzzRing,
    "netlink": fuzzNetlink, "attributes": fuzzAttributes, "value": fuzzValue,
]
private let target = CommandLine.arguments[0].split(separator: "/").last.flatMap { targets[String($0)] }

/// The entry point, which libFuzzer calls with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard let target else { fatalError("no target of this name") }
    target(Span(_unsafeStart: start, count: count))
    return 0
}
