import Glibc

/// Allocates memory for `count` elements, all bytes 0, to be released by `release`. Ends the process if the system does
/// not give it.
///
/// All memory of the library's own comes from here, so that a shortage is told in one way. calloc(3)
@inlinable
func allocateZeroed<Element: ~Copyable>(_ count: Int) -> UnsafeMutablePointer<Element> {
    precondition(MemoryLayout<Element>.alignment <= 16, "no such alignment comes from malloc")
    let memory = unsafe allocateZeroed(count, MemoryLayout<Element>.stride)
    return unsafe memory.bindMemory(to: Element.self, capacity: count)
}

@usableFromInline
func allocateZeroed(_ count: Int, _ size: Int) -> UnsafeMutableRawPointer {
    let bytes = count.multipliedReportingOverflow(by: size).partialValue
    guard let memory = unsafe calloc(count, size) else { MemoryShortage.end(lacking: bytes) }
    if bytes >= largeSize { requireSpareMemory() }
    return unsafe memory
}

/// Releases memory of `allocateZeroed`.
@usableFromInline
func release(_ memory: UnsafeMutableRawPointer) { unsafe free(memory) }

/// Ends the process if there is no memory left for arrays, texts and the stack: where they lack it, Swift and the kernel
/// end the process by a signal, with nothing said that helps.
func requireSpareMemory() {
    let spare = 8 << 20
    // Not malloc, which would keep it. MAP_FAILED is -1.
    let memory = unsafe mmap(nil, spare, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard Int(bitPattern: memory) != -1 else { MemoryShortage.end(lacking: spare) }
    unsafe munmap(memory, spare)
}

/// The size in bytes of large tables, which are made at the start of a run.
private let largeSize = 1 << 16
