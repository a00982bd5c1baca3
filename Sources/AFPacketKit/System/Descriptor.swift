internal import CShim
import Glibc

/// The only owner of an open file descriptor, which is closed when this is destroyed. close(2)
struct Descriptor: ~Copyable, Sendable {
    let rawValue: CInt

    /// Owns the result of a call that opens a descriptor; -1 means that it failed.
    init(_ operation: StaticString, _ result: CInt) throws(SystemError) {
        guard result >= 0 else { throw .last(operation) }
        rawValue = result
    }

    /// Opens a file that the user named, and that root expects to be allowed to open. Creates it with mode 0666, less
    /// the umask, if the flags say so. open(2)
    init(opening path: String, _ flags: CInt) throws(SystemError) {
        let result = ThisProcess.using([.openAnyFile]) { () -> CInt in
            unsafe open(FileName.bytes(path), flags | O_CLOEXEC, 0o666)
        }
        try self.init("open", result)
    }

    deinit { close(rawValue) }

    /// Sets a socket option. setsockopt(2)
    func setOption<Value: BitwiseCopyable>(
        _ name: StaticString, _ level: CInt, _ option: CInt, to value: Value
    ) throws(SystemError) {
        var value = value
        guard unsafe setsockopt(rawValue, level, option, &value, socklen_t(MemoryLayout<Value>.size)) == 0
        else {
            throw .last(name)
        }
    }

    /// Fills `value` with a socket option and returns how many of its bytes the kernel wrote. getsockopt(2)
    @discardableResult
    func getOption<Value: BitwiseCopyable>(
        _ name: StaticString, _ level: CInt, _ option: CInt, into value: inout Value
    ) throws(SystemError) -> Int {
        var length = socklen_t(MemoryLayout<Value>.size)
        guard unsafe getsockopt(rawValue, level, option, &value, &length) == 0 else { throw .last(name) }
        return Int(length)
    }
}
