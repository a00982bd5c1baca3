import Glibc

/// A failed system call and its reason.
public struct SystemError: Error, Sendable {
    /// The call or socket option that failed, by its name in the manual, e.g. `bind` or `SO_ATTACH_FILTER`.
    public let operation: StaticString

    /// The reason, errno(3).
    public let code: ErrorCode

    /// The reason in the words of the kernel or the driver, if given: netlink's extended acknowledgement.
    public let explanation: String?

    /// Creates an error of an operation with its reason.
    public init(_ operation: StaticString, _ code: ErrorCode, explanation: String? = nil) {
        self.operation = operation
        self.code = code
        self.explanation = explanation
    }

    /// The error of the call that just failed; created before anything else can change errno.
    static func last(_ operation: StaticString) -> SystemError {
        SystemError(operation, ErrorCode(rawValue: errno))
    }
}

extension SystemError: Equatable {
    /// Returns whether both have the same operation and the same reason.
    public static func == (left: SystemError, right: SystemError) -> Bool {
        left.code == right.code && left.operation.description == right.operation.description
    }
}

extension SystemError: CustomStringConvertible {
    /// The call and the reason, for instance `bind: No such device`, and the explanation, if any, in brackets.
    public var description: String {
        "\(operation): \(code)" + (explanation.map { " (\($0))" } ?? "")
    }
}

/// A value of errno(3).
public struct ErrorCode: RawRepresentable, Hashable, Sendable {
    /// The number, e.g. 1 for EPERM.
    public let rawValue: CInt

    /// Creates a code from errno's number.
    public init(rawValue: CInt) { self.rawValue = rawValue }

    /// The operation needs a capability that the process lacks. EPERM.
    public static let notPermitted = ErrorCode(rawValue: EPERM)
    /// The file's mode or a security module forbids it. EACCES.
    public static let accessDenied = ErrorCode(rawValue: EACCES)
    /// Nothing is available now; a later attempt may succeed. EAGAIN.
    public static let wouldBlock = ErrorCode(rawValue: EAGAIN)
    /// A signal interrupted the call. EINTR.
    public static let interrupted = ErrorCode(rawValue: EINTR)
    /// The device does not exist. ENODEV.
    public static let noSuchDevice = ErrorCode(rawValue: ENODEV)
    /// The device went away while it was in use. ENXIO.
    public static let noSuchAddress = ErrorCode(rawValue: ENXIO)
    /// The interface is down. ENETDOWN.
    public static let networkDown = ErrorCode(rawValue: ENETDOWN)
    /// The driver or its queue has no room. ENOBUFS.
    public static let noBufferSpace = ErrorCode(rawValue: ENOBUFS)
    /// The frame is longer than the interface takes. EMSGSIZE.
    public static let messageTooLong = ErrorCode(rawValue: EMSGSIZE)
    /// The reader of a pipe has gone. EPIPE.
    public static let brokenPipe = ErrorCode(rawValue: EPIPE)
    /// The driver does not support it. EOPNOTSUPP.
    public static let notSupported = ErrorCode(rawValue: EOPNOTSUPP)
    /// The device does not know the request. ENOTTY
    public static let unknownRequest = ErrorCode(rawValue: ENOTTY)
    /// The driver supports it, but not the requested setting. ERANGE.
    public static let outOfRange = ErrorCode(rawValue: ERANGE)
    /// The kernel does not know this option. ENOPROTOOPT.
    public static let unknownOption = ErrorCode(rawValue: ENOPROTOOPT)
    /// The address is in use. EADDRINUSE.
    public static let addressInUse = ErrorCode(rawValue: EADDRINUSE)
    /// The kernel was built without this family of addresses. EAFNOSUPPORT.
    public static let familyNotSupported = ErrorCode(rawValue: EAFNOSUPPORT)
    /// The kernel does not accept a value. EINVAL.
    public static let invalidArgument = ErrorCode(rawValue: EINVAL)
    /// The file does not exist. ENOENT.
    public static let noSuchFile = ErrorCode(rawValue: ENOENT)
    /// The memory is not available, to the kernel or to the process, or not permitted. ENOMEM.
    public static let outOfMemory = ErrorCode(rawValue: ENOMEM)
    /// The kernel does not have this call or request. ENOSYS.
    public static let notImplemented = ErrorCode(rawValue: ENOSYS)
    /// No program has that port. ECONNREFUSED.
    public static let connectionRefused = ErrorCode(rawValue: ECONNREFUSED)
    /// The host cannot be reached. EHOSTUNREACH.
    public static let hostUnreachable = ErrorCode(rawValue: EHOSTUNREACH)
    /// There is no route. ENETUNREACH.
    public static let networkUnreachable = ErrorCode(rawValue: ENETUNREACH)
    /// The bytes are not a message of that protocol. EBADMSG.
    public static let malformedMessage = ErrorCode(rawValue: EBADMSG)
}

extension ErrorCode: CustomStringConvertible {
    /// The C library's words for the reason, e.g. `Operation not permitted`. strerror(3)
    public var description: String {
        guard let text = unsafe strerror(rawValue) else { return "error \(rawValue)" }
        return unsafe String(cString: text)
    }
}
