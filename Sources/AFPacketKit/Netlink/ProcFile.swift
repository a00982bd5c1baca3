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
        let line = Slab<CChar>(zeros: capacity)
        while unsafe fgets(line.address(of: 0), CInt(capacity), file) != nil {
            body(unsafe String(cString: line.address(of: 0)))
        }
        return true
    }
}
