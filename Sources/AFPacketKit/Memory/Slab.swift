import Glibc

/// A fixed number of elements in memory of their own, allocated once.
///
/// An element is read and changed in its place, and every index is checked; an array would also check at each change
/// whether it shares its memory. The elements end with the slab.
@safe public struct Slab<Element: ~Copyable>: ~Copyable {
    @usableFromInline let start: UnsafeMutablePointer<Element>
    /// The number of elements, 1 or more.
    public let count: Int
    /// `count` less one: all ones if it is a power of two.
    @usableFromInline let mask: Int

    /// Makes `count` elements, 1 or more, in their order.
    @inlinable
    public init<Failure: Error>(count: Int, each make: (Int) throws(Failure) -> Element) throws(Failure) {
        precondition(count > 0, "a slab has one element at least")
        let start = unsafe Self.allocate(count)
        var made = 0
        do throws(Failure) {
            while made < count {
                unsafe (start + made).initialize(to: try make(made))
                made += 1
            }
        } catch {
            unsafe start.deinitialize(count: made)
            unsafe release(start)
            throw error
        }
        unsafe self.start = start
        self.count = count
        mask = count &- 1
    }

    /// Keeps a single element, at index 0.
    @inlinable
    public init(of element: consuming Element) {
        unsafe start = Self.allocate(1)
        unsafe start.initialize(to: element)
        count = 1
        mask = 0
    }

    deinit {
        unsafe start.deinitialize(count: count)
        unsafe release(start)
    }

    /// Memory for so many elements, all of whose bytes are 0.
    @inlinable
    static func allocate(_ count: Int) -> UnsafeMutablePointer<Element> {
        precondition(MemoryLayout<Element>.alignment <= 16, "no such alignment comes from malloc")
        let memory = unsafe allocateZeroed(count, MemoryLayout<Element>.stride)
        return unsafe memory.bindMemory(to: Element.self, capacity: count)
    }

    /// The element at `index`, which must be from 0 up to `count`, in its place.
    @inlinable
    public subscript(index: Int) -> Element {
        @inline(__always)
        _read {
            check(index)
            yield unsafe start[index]
        }
        @inline(__always)
        _modify {
            check(index)
            yield unsafe &start[index]
        }
    }

    /// The element at a number's low bits, in its place, where `count` is a power of two: after the last comes the
    /// first.
    ///
    /// No number is too high, so that there is nothing to check.
    @inlinable
    public subscript(wrapping number: UInt64) -> Element {
        @inline(__always)
        _read { yield unsafe start[masked(number)] }
        @inline(__always)
        _modify { yield unsafe &start[masked(number)] }
    }

    /// An index below `count`, whatever the number: less than `count` is left of it by this mask in any case.
    @inlinable @inline(__always)
    func masked(_ number: UInt64) -> Int { Int(truncatingIfNeeded: number) & mask }

    @inlinable @inline(__always)
    func check(_ index: Int) {
        precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "there is no such element")
    }

    /// The elements, to be read.
    @inlinable
    public var span: Span<Element> {
        @_lifetime(borrow self)
        get {
            let span = unsafe Span(_unsafeStart: UnsafePointer(start), count: count)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// The elements, to be changed.
    @inlinable
    public var mutableSpan: MutableSpan<Element> {
        @_lifetime(&self)
        mutating get {
            let span = unsafe MutableSpan(_unsafeStart: start, count: count)
            return unsafe _overrideLifetime(span, mutating: &self)
        }
    }
}

/// One owner at a time, as of everything noncopyable.
extension Slab: @unchecked Sendable where Element: Sendable & ~Copyable {}

extension Slab {
    /// Makes `count` copies, 1 or more, of an element.
    @inlinable
    public init(repeating element: Element, count: Int) {
        precondition(count > 0, "a slab has one element at least")
        unsafe start = Self.allocate(count)
        unsafe start.initialize(repeating: element, count: count)
        self.count = count
        mask = count &- 1
    }

    /// Overwrites `count` elements from `first` on by copies of one, all of which must be there.
    @inlinable
    public mutating func update(repeating element: Element, from first: Int, count: Int) {
        precondition(
            first >= 0 && count >= 0 && first <= self.count - count, "there are not so many elements")
        unsafe (start + first).update(repeating: element, count: count)
    }

    /// Copies the elements of a range, which must be there, to where `destination` says, in this slab.
    @inlinable
    public mutating func copy(_ range: Range<Int>, to destination: Int) {
        precondition(
            range.lowerBound >= 0 && range.upperBound <= count && destination >= 0
                && destination <= count - range.count, "there are not so many elements")
        unsafe (start + destination).update(from: start + range.lowerBound, count: range.count)
    }
}

extension Slab where Element: FixedWidthInteger & BitwiseCopyable {
    /// Makes `count` zeros, 1 or more: of many the system provides the memory only when it is used. calloc(3)
    @inlinable
    public init(zeros count: Int) {
        precondition(count > 0, "a slab has one element at least")
        unsafe start = Self.allocate(count)
        self.count = count
        mask = count &- 1
    }
}

extension Slab where Element: ~Copyable {
    /// The address of an element, for the kernel and for those who share the slab by rules of their own. It is good as
    /// long as the slab.
    ///
    /// - Parameter index: below `count`, which is for the caller to see to.
    @inlinable @inline(__always)
    @unsafe func address(of index: Int) -> UnsafeMutablePointer<Element> { unsafe start + index }

    /// Some of the elements, to be read, all of which must be there: that is for the caller to see to.
    @inlinable @inline(__always)
    @_lifetime(borrow self)
    @unsafe func span(unchecked first: Int, count: Int) -> Span<Element> {
        let span = unsafe Span(_unsafeStart: UnsafePointer(start + first), count: count)
        return unsafe _overrideLifetime(span, borrowing: self)
    }

    /// Some of the elements, to be changed, as `span` to be read.
    @inlinable @inline(__always)
    @_lifetime(&self)
    @unsafe mutating func mutableSpan(unchecked first: Int, count: Int) -> MutableSpan<Element> {
        let span = unsafe MutableSpan(_unsafeStart: start + first, count: count)
        return unsafe _overrideLifetime(span, mutating: &self)
    }
}

extension Slab<UInt8> {
    /// Copies bytes to where `offset` says; there must be room.
    @inlinable
    public mutating func copy(_ bytes: Span<UInt8>, to offset: Int) {
        precondition(offset >= 0 && offset <= count - bytes.count, "there is no room for the bytes")
        unsafe bytes.withUnsafeBytes { bytes in
            guard let source = bytes.baseAddress else { return }
            unsafe UnsafeMutableRawPointer(start + offset).copyMemory(from: source, byteCount: bytes.count)
        }
    }

    /// Stores the bytes of a value, in this machine's order, from `offset` on; there must be room.
    @inlinable
    public mutating func store<Value: BitwiseCopyable>(_ value: Value, at offset: Int) {
        precondition(
            offset >= 0 && offset <= count - MemoryLayout<Value>.size, "there is no room for the value")
        unsafe UnsafeMutableRawPointer(start + offset).storeBytes(of: value, as: Value.self)
    }
}

@usableFromInline
func allocateZeroed(_ count: Int, _ size: Int) -> UnsafeMutableRawPointer {
    guard let memory = unsafe calloc(count, size) else { fatalError("there is no memory") }
    return unsafe memory
}

@usableFromInline
func release(_ memory: UnsafeMutableRawPointer) { unsafe free(memory) }
