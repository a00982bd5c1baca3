/// The expected form of a value, for the error message.
struct ValueError: Error, Equatable {
    let expected: String
    /// The value that was probably meant; nil if that is not plain.
    let meant: String?

    init(_ expected: String, meant: String? = nil) {
        self.expected = expected
        self.meant = meant
    }
}
