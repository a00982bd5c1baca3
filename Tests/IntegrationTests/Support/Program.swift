import Foundation
import Glibc
import Testing

/// A program that runs beside the test; what it prints goes to files, so that it never waits for a reader.
final class Program {
    /// A program that has ended.
    struct Result: CustomStringConvertible {
        let command: String
        /// The exit status; 128 and the signal's number where a signal ended it.
        let status: Int32
        let output: String
        let errors: String

        var lines: [String] { output.split(separator: "\n").map(String.init) }

        /// Both streams, for the message of a failed expectation.
        var description: String {
            "\(command)\nexit status \(status)\n--- output\n\(output)--- errors\n\(errors)---"
        }
    }

    /// The failure of a program, with all it printed.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    let identifier: pid_t
    private var waitStatus: Int32?
    private let folder: URL
    private let command: String
    /// Long enough for a loaded machine, short enough to end a test that hangs.
    private static let patience: TimeInterval = 40

    /// Starts a program that is looked up in the usual folders, unless its path is given.
    init(_ words: [String], environment: [String: String] = [:]) throws {
        command = words.joined(separator: " ")
        folder = FileManager.default.temporaryDirectory.appending(path: "afpt-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let path = words[0].hasPrefix("/") ? words[0] : Tool(words[0]).path
        guard let path else { throw Failure(description: "\(words[0]) is not installed") }
        let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        identifier = try spawn(
            path, words, environment: variables.map { "\($0)=\($1)" },
            output: folder.appending(path: "output").path, errors: folder.appending(path: "errors").path)
    }

    deinit {
        if isRunning {
            kill(identifier, SIGKILL)
            waitpid(identifier, nil, 0)
        }
        try? FileManager.default.removeItem(at: folder)
    }

    private var isRunning: Bool {
        if waitStatus != nil { return false }
        var status: Int32 = 0
        guard waitpid(identifier, &status, WNOHANG) == identifier else { return true }
        waitStatus = status
        return false
    }

    private var outputURL: URL { folder.appending(path: "output") }
    private var errorsURL: URL { folder.appending(path: "errors") }

    var output: String { (try? String(contentsOf: outputURL, encoding: .utf8)) ?? "" }
    var errors: String { (try? String(contentsOf: errorsURL, encoding: .utf8)) ?? "" }
    var outputData: Data { (try? Data(contentsOf: outputURL)) ?? Data() }

    /// Waits until something has been printed.
    func waitForOutput(containing text: String, count: Int = 1) throws {
        try wait("'\(text)' in the output") {
            output.components(separatedBy: text).count > count
        }
    }

    func waitForErrors(containing text: String) throws {
        try wait("'\(text)' among the errors") { errors.contains(text) }
    }

    /// Sends a signal, as kill(1) does.
    func send(signal: Int32) {
        if isRunning { kill(identifier, signal) }
    }

    /// Ends it by SIGINT and waits.
    func interrupt() throws -> Result {
        send(signal: SIGINT)
        return try finish()
    }

    /// Waits for its end.
    ///
    /// - Parameter mayBeDenied: whether the filter of system calls is meant to deny some.
    @discardableResult
    func finish(mayBeDenied: Bool = false) throws -> Result {
        try wait("its end", isOver: { !isRunning }, evenAfterTheEnd: true)
        let status = waitStatus ?? 0
        let signal = status & 0x7f
        #expect(mayBeDenied || !errors.contains("which its filter does not know"), "\(command)\n\(errors)")
        return Result(
            command: command, status: signal == 0 ? status >> 8 & 0xff : 128 + signal, output: output,
            errors: errors)
    }

    private func wait(_ what: String, isOver: () -> Bool, evenAfterTheEnd: Bool = false) throws {
        let deadline = Date() + Self.patience
        while !isOver() {
            let hasEnded = !evenAfterTheEnd && !isRunning && !isOver()
            guard Date() < deadline, !hasEnded else {
                throw Failure(
                    description: "waited in vain for \(what) of: \(command)\n--- output\n\(output)"
                        + "--- errors\n\(errors)---")
            }
            usleep(5_000)
        }
    }

    func wait(_ what: String, _ isOver: () -> Bool) throws {
        try wait(what, isOver: isOver)
    }

    /// Runs a program to its end.
    static func run(_ words: [String]) throws -> Result { try Program(words).finish() }

    /// Runs a program that must succeed.
    static func expect(_ words: [String]) throws {
        let result = try run(words)
        guard result.status == 0 else { throw Failure(description: result.description) }
    }
}

/// Starts a process with no input, its output in files, and the signals as a shell would leave them: the
/// threads of the test runner block most, which a child would inherit.
private func spawn(
    _ path: String, _ words: [String], environment: [String], output: String, errors: String
) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT, 0o600)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    var all = sigset_t()
    sigfillset(&all)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    let arguments = words.map { strdup($0) } + [nil]
    let variables = environment.map { strdup($0) } + [nil]
    defer { for word in arguments + variables { free(word) } }
    var identifier: pid_t = 0
    let result = posix_spawn(&identifier, path, &actions, &attributes, arguments, variables)
    guard result == 0 else {
        throw Program.Failure(description: "\(path): \(String(cString: strerror(result)))")
    }
    return identifier
}
