/// A fixed number of elements in memory of their own, allocated once.
///
/// Elements are read and changed in place, and every index is checked; an array would also check for unique ownership
/// at each change. The elements are destroyed with the slab.
@safe public struct Slab<Element: ~Copyable>: ~Copyable {
    @usableFromInline let start: UnsafeMutablePointer<Element>
    /// The number of elements, 1 or more.
    public let count: Int
    /// `count` minus 1: all ones if `count` is a power of two.
    @usableFromInline let mask: Int

    /// Creates `count` elements, 1 or more, in order.
    @inlinable
    public init<Failure: Error>(count: Int, each make: (Int) throws(Failure) -> Element) throws(Failure) {
        precondition(count > 0, "a slab has one element at least")
        let start: UnsafeMutablePointer<Element> = unsafe allocateZeroed(count)
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

    /// Creates a slab of one element, at index 0.
    @inlinable
    public init(of element: consuming Element) {
        unsafe start = allocateZeroed(1)
        unsafe start.initialize(to: element)
        count = 1
        mask = 0
    }

    deinit {
        unsafe start.deinitialize(count: count)
        unsafe release(start)
    }

    /// The element at `index`, from 0 up to `count`, in place.
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

    /// The element at the low bits of a number, in place; `count` must be a power of two. After the last element comes
    /// the first.
    ///
    /// Every number is valid, so nothing is checked.
    @inlinable
    public subscript(wrapping number: UInt64) -> Element {
        @inline(__always)
        _read { yield unsafe start[masked(number)] }
        @inline(__always)
        _modify { yield unsafe &start[masked(number)] }
    }

    /// An index below `count` for every number: the mask never leaves more than `count` minus 1.
    @inlinable @inline(__always)
    func masked(_ number: UInt64) -> Int { Int(truncatingIfNeeded: number) & mask }

    @inlinable @inline(__always)
    func check(_ index: Int) {
        precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "there is no such element")
    }

    /// The elements, read-only.
    @inlinable
    public var span: Span<Element> {
        @_lifetime(borrow self)
        get {
            let span = unsafe Span(_unsafeStart: UnsafePointer(start), count: count)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// The elements, mutable.
    @inlinable
    public var mutableSpan: MutableSpan<Element> {
        @_lifetime(&self)
        mutating get {
            let span = unsafe MutableSpan(_unsafeStart: start, count: count)
            return unsafe _overrideLifetime(span, mutating: &self)
        }
    }
}

/// Noncopyable, so there is one owner at a time.
extension Slab: @unchecked Sendable where Element: Sendable & ~Copyable {}

extension Slab {
    /// Creates `count` copies, 1 or more, of an element.
    @inlinable
    public init(repeating element: Element, count: Int) {
        precondition(count > 0, "a slab has one element at least")
        unsafe start = allocateZeroed(count)
        unsafe start.initialize(repeating: element, count: count)
        self.count = count
        mask = count &- 1
    }

    /// Overwrites `count` elements from `first` on with copies of one; the range must be within the slab.
    @inlinable
    public mutating func update(repeating element: Element, from first: Int, count: Int) {
        precondition(
            first >= 0 && count >= 0 && first <= self.count - count, "there are not so many elements")
        unsafe (start + first).update(repeating: element, count: count)
    }

    /// Copies a range of elements to `destination` in this slab; both ranges must be within the slab.
    @inlinable
    public mutating func copy(_ range: Range<Int>, to destination: Int) {
        precondition(
            range.lowerBound >= 0 && range.upperBound <= count && destination >= 0
                && destination <= count - range.count, "there are not so many elements")
        unsafe (start + destination).update(from: start + range.lowerBound, count: range.count)
    }
}

extension Slab where Element: BitwiseCopyable {
    /// Creates `count` elements, 1 or more, whose bytes are all 0. The system provides large memory only when it is used.
    /// calloc(3)
    @inlinable
    public init(zeros count: Int) {
        precondition(count > 0, "a slab has one element at least")
        unsafe start = allocateZeroed(count)
        self.count = count
        mask = count &- 1
    }
}

extension Slab where Element: ~Copyable {
    /// The address of an element, for the kernel and for code that shares the slab by rules of its own. Valid as long
    /// as the slab.
    ///
    /// - Parameter index: below `count`; not checked.
    @inlinable @inline(__always)
    @unsafe func address(of index: Int) -> UnsafeMutablePointer<Element> { unsafe start + index }

    /// A range of elements, read-only; not checked.
    @inlinable @inline(__always)
    @_lifetime(borrow self)
    @unsafe func span(unchecked first: Int, count: Int) -> Span<Element> {
        let span = unsafe Span(_unsafeStart: UnsafePointer(start + first), count: count)
        return unsafe _overrideLifetime(span, borrowing: self)
    }

    /// A range of elements, mutable; not checked.
    @inlinable @inline(__always)
    @_lifetime(&self)
    @unsafe mutating func mutableSpan(unchecked first: Int, count: Int) -> MutableSpan<Element> {
        let span = unsafe MutableSpan(_unsafeStart: start + first, count: count)
        return unsafe _overrideLifetime(span, mutating: &self)
    }
}

extension Slab<UInt8> {
    /// Copies bytes to `offset`; there must be room.
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
