internal import CShim

extension SocketFilter {
    /// Accepts Ethernet frames of one type that are addressed to one of `destinations`, in any VLAN: the kernel takes
    /// the tag out before the program runs.
    public static func frames(of type: EtherType, to destinations: [MACAddress]) -> SocketFilter {
        var program = Assembly()
        program.require(halfAt: 12, equals: type.rawValue)
        program.requireDestination(among: destinations)
        return program.finish()
    }

    /// Accepts frames that hold these bytes at an offset. The offset does not count the VLAN tag.
    public static func frames(with bytes: [UInt8], at offset: Int) -> SocketFilter {
        var program = Assembly()
        for (index, byte) in bytes.enumerated() {
            program.require(byteAt: UInt32(offset + index), equals: byte)
        }
        return program.finish()
    }

    /// Accepts frames that hold another byte at an offset, which does not count the VLAN tag. Shorter frames are
    /// rejected.
    public static func frames(without byte: UInt8, at offset: Int) -> SocketFilter {
        var program = Assembly()
        program.reject(byteAt: UInt32(offset), equals: byte)
        return program.finish()
    }

    /// Accepts unfragmented UDP datagrams to one port, over IPv4 and over IPv6 without extension headers,
    /// in frames addressed to one of `destinations`.
    public static func datagrams(to port: UInt16, destinations: [MACAddress]) -> SocketFilter {
        var program = Assembly()
        program.requireDestination(among: destinations)
        program.load(halfAt: 12)
        let v6 = program.branch(unlessEquals: UInt32(EtherType.ipv4.rawValue))
        program.require(byteAt: 23, equals: udp)
        program.require(halfAt: 20, hasNoneOf: 0x3fff)  // neither a fragment's offset nor more fragments
        program.loadHeaderLength(at: 14)
        program.require(indexedHalfAt: 16, equals: port)
        program.accept()
        program.land(v6)
        program.require(halfAt: 12, equals: EtherType.ipv6.rawValue)
        program.require(byteAt: 20, equals: udp)
        program.require(halfAt: 56, equals: port)
        return program.finish()
    }
}

/// IPPROTO_UDP
private let udp: UInt8 = 17

/// Builds a filter from top to bottom; a requirement that fails rejects the frame.
private struct Assembly {
    /// A jump whose target is not known yet.
    struct Branch { let index: Int }

    private var instructions: [SocketFilter.Instruction] = []
    private var failures: [Int] = []

    private mutating func emit(_ code: Int32, _ operand: UInt32) {
        instructions.append(SocketFilter.Instruction(code: UInt16(code), operand: operand))
    }

    mutating func load(halfAt offset: UInt32) {
        emit(BPF_LD | BPF_H | BPF_ABS, offset)
    }

    mutating func require(halfAt offset: UInt32, equals value: UInt16) {
        load(halfAt: offset)
        requireEqual(UInt32(value))
    }

    mutating func require(byteAt offset: UInt32, equals value: UInt8) {
        emit(BPF_LD | BPF_B | BPF_ABS, offset)
        requireEqual(UInt32(value))
    }

    mutating func reject(byteAt offset: UInt32, equals value: UInt8) {
        emit(BPF_LD | BPF_B | BPF_ABS, offset)
        let isDifferent = branch(unlessEquals: UInt32(value))
        failures.append(instructions.count)
        emit(BPF_JMP | BPF_JA, 0)
        land(isDifferent)
    }

    mutating func require(halfAt offset: UInt32, hasNoneOf bits: UInt32) {
        load(halfAt: offset)
        emit(BPF_JMP | BPF_JSET | BPF_K, bits)
        // Inverted: a true test fails, so jump over the next instruction if the bits are clear.
        instructions[instructions.count - 1].whenFalse = 1
        failures.append(instructions.count)
        emit(BPF_JMP | BPF_JA, 0)
    }

    /// Loads the length of the IPv4 header at `offset` as the index of the next indexed load.
    mutating func loadHeaderLength(at offset: UInt32) {
        emit(BPF_LDX | BPF_B | BPF_MSH, offset)
    }

    mutating func require(indexedHalfAt offset: UInt32, equals value: UInt16) {
        emit(BPF_LD | BPF_H | BPF_IND, offset)
        requireEqual(UInt32(value))
    }

    mutating func requireDestination(among addresses: [MACAddress]) {
        var matches: [Int] = []
        for address in addresses {
            emit(BPF_LD | BPF_W | BPF_ABS, 0)
            let isHighDifferent = branch(unlessEquals: UInt32(address.value >> 16))
            load(halfAt: 4)
            let isLowDifferent = branch(unlessEquals: UInt32(address.value & 0xffff))
            matches.append(instructions.count)
            emit(BPF_JMP | BPF_JA, 0)
            land(isHighDifferent)
            land(isLowDifferent)
        }
        failures.append(instructions.count)
        emit(BPF_JMP | BPF_JA, 0)
        for match in matches { instructions[match].operand = UInt32(instructions.count - match - 1) }
    }

    private mutating func requireEqual(_ value: UInt32) {
        emit(BPF_JMP | BPF_JEQ | BPF_K, value)
        instructions[instructions.count - 1].whenTrue = 1
        failures.append(instructions.count)
        emit(BPF_JMP | BPF_JA, 0)
    }

    /// Continues if the loaded value is `value`, and otherwise jumps to the target that `land` sets.
    mutating func branch(unlessEquals value: UInt32) -> Branch {
        emit(BPF_JMP | BPF_JEQ | BPF_K, value)
        instructions[instructions.count - 1].whenTrue = 1
        emit(BPF_JMP | BPF_JA, 0)
        return Branch(index: instructions.count - 1)
    }

    mutating func land(_ branch: Branch) {
        instructions[branch.index].operand = UInt32(instructions.count - branch.index - 1)
    }

    mutating func accept() { instructions.append(.accept) }

    /// Accepts the frame, and ends the program.
    mutating func finish() -> SocketFilter {
        accept()
        for failure in failures {
            instructions[failure].operand = UInt32(instructions.count - failure - 1)
        }
        instructions.append(.reject)
        return SocketFilter(instructions: instructions)
    }
}
