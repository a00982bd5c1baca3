internal import CShim
import Glibc

/// A program that the kernel runs on every frame to decide whether a socket receives it. Classic BPF,
/// Documentation/networking/filter.rst in the kernel's sources
public struct SocketFilter: Hashable, Sendable {
    struct Instruction: Hashable, Sendable {
        var code: UInt16
        var whenTrue: UInt8 = 0
        var whenFalse: UInt8 = 0
        var operand: UInt32
    }

    let instructions: [Instruction]

    init(instructions: [Instruction]) { self.instructions = instructions }

    /// Accepts nothing.
    public static let rejectAll = SocketFilter(instructions: [.reject])

    /// Accepts a frame if both filters do. Each accepting return of this filter continues in the other.
    public func and(_ other: SocketFilter) -> SocketFilter {
        // Every accepting return becomes a jump over the rest of this filter.
        let joined = instructions.enumerated().map { index, instruction in
            instruction.isAccepting
                ? .jump(over: instructions.count - index - 1) : instruction
        }
        return SocketFilter(instructions: joined + other.instructions)
    }

    /// Accepts a frame if either filter does. Each rejecting return of this filter continues in the other. A frame
    /// that is too short for a load of this filter is rejected all the same.
    public func or(_ other: SocketFilter) -> SocketFilter {
        let joined = instructions.enumerated().map { index, instruction in
            instruction == .reject ? .jump(over: instructions.count - index - 1) : instruction
        }
        return SocketFilter(instructions: joined + other.instructions)
    }

    /// Accepts what this filter rejects. A frame that is too short for a load of this filter is rejected all the same.
    public var inverted: SocketFilter {
        SocketFilter(
            instructions: instructions.map {
                $0.isAccepting ? .reject : $0 == .reject ? .accept : $0
            })
    }

    /// Attaches the program to a socket. SO_ATTACH_FILTER, socket(7)
    func attach(to descriptor: borrowing Descriptor) throws(SystemError) {
        var program = instructions.map {
            sock_filter(code: $0.code, jt: $0.whenTrue, jf: $0.whenFalse, k: $0.operand)
        }
        // The kernel takes 4,096 instructions at most.
        guard let count = UInt16(exactly: program.count) else {
            throw SystemError("SO_ATTACH_FILTER", .invalidArgument)
        }
        let result = unsafe program.withUnsafeMutableBufferPointer { buffer in
            var description = unsafe sock_fprog(len: count, filter: buffer.baseAddress)
            return unsafe setsockopt(
                descriptor.rawValue, SOL_SOCKET, SO_ATTACH_FILTER, &description,
                socklen_t(MemoryLayout<sock_fprog>.size))
        }
        guard result == 0 else { throw .last("SO_ATTACH_FILTER") }
    }
}

extension SocketFilter.Instruction {
    static let accept = Self(code: UInt16(BPF_RET | BPF_K), operand: 0x4_0000)
    static let reject = Self(code: UInt16(BPF_RET | BPF_K), operand: 0)

    var isAccepting: Bool { code == UInt16(BPF_RET | BPF_K) && operand != 0 }

    static func jump(over count: Int) -> Self {
        Self(code: UInt16(BPF_JMP | BPF_JA), operand: UInt32(count))
    }
}
