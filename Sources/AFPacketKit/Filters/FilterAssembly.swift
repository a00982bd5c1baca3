internal import CShim

/// Builds a filter from top to bottom; a requirement that fails rejects the frame.
struct FilterAssembly {
    /// IPPROTO_UDP
    static let udp: UInt8 = 17

    /// A jump whose target is not known yet.
    struct Branch { fileprivate let index: Int }

    private var instructions: [SocketFilter.Instruction] = []
    private var failures: [Branch] = []

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

    /// - Parameter offset: from the beginning of the IP header, wherever the socket's messages begin.
    mutating func require(networkWordAt offset: UInt32, equals value: UInt32) {
        emit(BPF_LD | BPF_W | BPF_ABS, UInt32(bitPattern: SKF_NET_OFF) + offset)
        requireEqual(value)
    }

    mutating func reject(byteAt offset: UInt32, equals value: UInt8) {
        emit(BPF_LD | BPF_B | BPF_ABS, offset)
        let isDifferent = branch(unlessEquals: UInt32(value))
        reject()
        land(isDifferent)
    }

    /// - Parameter type: a packet type of packet(7), which is no part of the frame.
    mutating func reject(packetsOf type: UInt32) {
        emit(BPF_LD | BPF_B | BPF_ABS, UInt32(bitPattern: SKF_AD_OFF + SKF_AD_PKTTYPE))
        let isDifferent = branch(unlessEquals: type)
        reject()
        land(isDifferent)
    }

    mutating func require(halfAt offset: UInt32, hasNoneOf bits: UInt32) {
        load(halfAt: offset)
        emit(BPF_JMP | BPF_JSET | BPF_K, bits)
        // Inverted: a true test fails, so jump over the next instruction if the bits are clear.
        instructions[instructions.count - 1].whenFalse = 1
        reject()
    }

    /// Loads the length of the IPv4 header at `offset` as the index of the next indexed load.
    mutating func loadHeaderLength(at offset: UInt32) {
        emit(BPF_LDX | BPF_B | BPF_MSH, offset)
    }

    mutating func require(indexedHalfAt offset: UInt32, equals value: UInt16) {
        emit(BPF_LD | BPF_H | BPF_IND, offset)
        requireEqual(UInt32(value))
    }

    /// Sets the index of the next indexed loads.
    mutating func setIndex(to offset: UInt32) { emit(BPF_LDX | BPF_W | BPF_IMM, offset) }

    mutating func addToIndex(_ count: UInt32) {
        emit(BPF_MISC | BPF_TXA, 0)
        emit(BPF_ALU | BPF_ADD | BPF_K, count)
        emit(BPF_MISC | BPF_TAX, 0)
    }

    mutating func load(indexedWordAt offset: UInt32) { emit(BPF_LD | BPF_W | BPF_IND, offset) }
    mutating func load(indexedByteAt offset: UInt32) { emit(BPF_LD | BPF_B | BPF_IND, offset) }

    /// Loads the number of the frame's bytes from the index on; a huge one if the index is beyond the end.
    mutating func loadLengthFromIndex() {
        emit(BPF_LD | BPF_W | BPF_LEN, 0)
        emit(BPF_ALU | BPF_SUB | BPF_X, 0)
    }

    mutating func requireDestination(among addresses: [MACAddress]) {
        var matches: [Branch] = []
        for address in addresses {
            emit(BPF_LD | BPF_W | BPF_ABS, 0)
            let isHighDifferent = branch(unlessEquals: UInt32(address.value >> 16))
            load(halfAt: 4)
            let isLowDifferent = branch(unlessEquals: UInt32(address.value & 0xffff))
            matches.append(jump())
            land(isHighDifferent)
            land(isLowDifferent)
        }
        reject()
        for match in matches { land(match) }
    }

    private mutating func requireEqual(_ value: UInt32) { failures.append(branch(unlessEquals: value)) }

    /// Continues if the loaded value is `value`, and otherwise jumps to the target that `land` sets.
    mutating func branch(unlessEquals value: UInt32) -> Branch { branch(unless: BPF_JEQ, value) }

    /// Continues if the loaded value is not less than `value`, and otherwise jumps to the target that `land` sets.
    mutating func branch(unlessAtLeast value: UInt32) -> Branch { branch(unless: BPF_JGE, value) }

    private mutating func branch(unless comparison: Int32, _ value: UInt32) -> Branch {
        emit(BPF_JMP | comparison | BPF_K, value)
        instructions[instructions.count - 1].whenTrue = 1
        return jump()
    }

    /// Jumps to the target that `land` sets.
    mutating func jump() -> Branch {
        emit(BPF_JMP | BPF_JA, 0)
        return Branch(index: instructions.count - 1)
    }

    mutating func reject() { failures.append(jump()) }

    mutating func land(_ branch: Branch) {
        instructions[branch.index].operand = UInt32(instructions.count - branch.index - 1)
    }

    mutating func accept() { instructions.append(.accept) }

    /// Ends the program.
    ///
    /// - Parameter isAccepting: whether a frame that comes to the end is accepted.
    mutating func finish(accepting isAccepting: Bool = true) -> SocketFilter {
        if isAccepting { accept() }
        for failure in failures { land(failure) }
        instructions.append(.reject)
        return SocketFilter(instructions: instructions)
    }
}
