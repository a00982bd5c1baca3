internal import CShim
import Glibc

/// The running process.
public enum ThisProcess {
    /// Replaces the process by another program with the same arguments. Returns if it may not be executed. execve(2)
    package static func execute(_ path: String) {
        guard unsafe access(path, X_OK) == 0 else { return }
        unsafe execv(path, cshim_arguments())
    }

    /// The arguments, without the program's name.
    package static var arguments: [String] {
        var arguments: [String] = []
        guard var next = unsafe cshim_arguments() else { return [] }
        while let argument = unsafe next.pointee {
            unsafe arguments.append(FileName.text(argument))
            unsafe next += 1
        }
        return Array(arguments.dropFirst())
    }

    /// Returns whether there is a file of this path. access(2)
    package static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    /// The path by which the program was executed, as it was given to execve(2); nil if the kernel does not tell.
    package static var executedPath: String? {
        unsafe cshim_executed_path().map { unsafe String(cString: $0) }
    }

    /// Gives the calling thread its own descriptor table: a descriptor that one thread closes stays open in the other.
    ///
    /// While threads share a table, the kernel counts references to a descriptor in every system call that uses one.
    /// unshare(2), CLONE_FILES
    /// - Throws: `SystemError` of unshare(2).
    package static func unshareDescriptors() throws(SystemError) {
        guard cshim_unshare_descriptors() == 0 else { throw .last("unshare") }
    }

    /// The path of the program's executable, for advice on how to grant it a capability; nil if it cannot be read.
    /// /proc/self/exe, proc(5)
    package static var executablePath: String? {
        let capacity = Int(PATH_MAX)
        let path = Slab<CChar>(zeros: capacity)
        let length = unsafe readlink("/proc/self/exe", path.address(of: 0), capacity)
        guard length > 0 else { return nil }
        return unsafe String(
            decoding: UnsafeRawBufferPointer(start: path.address(of: 0), count: length), as: UTF8.self)
    }

    /// The name of the host. uname(2)
    package static var hostName: String {
        var names = utsname()
        guard unsafe uname(&names) == 0 else { return "" }
        return unsafe withUnsafeBytes(of: names.nodename) { name in
            unsafe String(decoding: name.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    /// Exits with a status.
    package static func exit(_ status: CInt) -> Never {
        Glibc.exit(status)
    }

    /// The value of an environment variable; nil if it is not set. getenv(3)
    package static func environment(_ name: String) -> String? {
        unsafe getenv(name).map { unsafe String(cString: $0) }
    }
}
