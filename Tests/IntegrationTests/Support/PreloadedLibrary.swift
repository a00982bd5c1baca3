import Foundation
import Testing

/// A library in C that is put before the C library's in a program under test.
final class PreloadedLibrary {
    /// For the library's own files, too; removed at the end.
    let folder = FileManager.default.temporaryDirectory.appending(path: "afpt-\(UUID().uuidString)")
    private var library: String { folder.appending(path: "preloaded.so").path }

    /// Compiles a file of Tests/Environment.
    init(_ source: String) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let path = tests.appending(path: "Environment/\(source)").path
        try Program.expect(["cc", "-O2", "-shared", "-fPIC", "-o", library, path])
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// The environment to start the program with.
    var environment: [String: String] { ["LD_PRELOAD": library] }
}
