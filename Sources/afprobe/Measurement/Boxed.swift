/// A value at a place of its own on the heap. Calling what an optional of a noncopyable type holds moves it out and back:
/// of this one only the address.
@safe struct Boxed<Value: ~Copyable>: ~Copyable {
    private let place: UnsafeMutablePointer<Value>

    init(_ value: consuming Value) {
        unsafe place = .allocate(capacity: 1)
        unsafe place.initialize(to: value)
    }

    deinit {
        unsafe place.deinitialize(count: 1)
        unsafe place.deallocate()
    }

    var value: Value {
        _read { yield unsafe place.pointee }
        _modify { yield unsafe &place.pointee }
    }
}
