import Glibc

/// A file of the kernel's tables. proc(5)
enum ProcFile {
    /// Calls `body` with each line of a file, of up to 255 bytes.
    ///
    /// - Returns: false, with errno, if the file cannot be opened.
    static func forEachLine(of path: String, _ body: (String) -> Void) -> Bool {
        guard let file = unsafe fopen(path, "re") else { return false }
        defer { unsafe fclose(file) }
        let capacity = 256
        let line = UnsafeMutablePointer<CChar>.allocate(capacity: capacity)
        defer { unsafe line.deallocate() }
        while unsafe fgets(line, CInt(capacity), file) != nil { body(unsafe String(cString: line)) }
        return true
    }
}
