// One declaration per command: from it come parsing, help, error messages and completions.

/// An option of a command that collects its options in `Values`.
struct OptionSpec<Values> {
    let description: OptionDescription
    /// The values that are options, too: `--json` is `--format json`.
    var shorthands: [String] = []
    /// Applies the text of the value; the text is nil if the option has none.
    let apply: (inout Values, String?) throws(ValueError) -> Void

    static func flag(
        _ long: String, _ short: Character? = nil, in section: OptionDescription.Section, help: String,
        set: @escaping (inout Values) -> Void
    ) -> OptionSpec {
        OptionSpec(
            description: OptionDescription(
                long: long, short: short, arity: .flag, section: section, help: help,
                completion: .nothing, isRequired: false),
            apply: { (values: inout Values, _: String?) throws(ValueError) in set(&values) })
    }

    /// An option with a value. If it is given twice, the last value counts.
    static func value<Value>(
        _ long: String, _ short: Character? = nil, _ placeholder: String,
        in section: OptionDescription.Section, isRequired: Bool = false,
        completion: Completion = .nothing, shorthands: [String] = [], help: String,
        as parse: @escaping (String) throws(ValueError) -> Value,
        set: @escaping (inout Values, Value) -> Void
    ) -> OptionSpec {
        OptionSpec(
            description: OptionDescription(
                long: long, short: short, arity: .value(placeholder), section: section, help: help,
                completion: completion, isRequired: isRequired),
            shorthands: shorthands,
            apply: { (values: inout Values, text: String?) throws(ValueError) in
                set(&values, try parse(text ?? ""))
            })
    }

    /// An option that means `fallback` without a value; a value comes after an equals sign, or is a short number.
    static func optionalValue<Value>(
        _ long: String, _ placeholder: String, in section: OptionDescription.Section, fallback: Value,
        help: String, as parse: @escaping (String) throws(ValueError) -> Value,
        set: @escaping (inout Values, Value) -> Void
    ) -> OptionSpec {
        OptionSpec(
            description: OptionDescription(
                long: long, short: nil, arity: .optionalValue(placeholder), section: section, help: help,
                completion: .nothing, isRequired: false),
            apply: { (values: inout Values, text: String?) throws(ValueError) in
                if let text { set(&values, try parse(text)) } else { set(&values, fallback) }
            })
    }
}

struct OperandSpec<Values> {
    let description: CommandDescription.Operand
    let apply: (inout Values, String) throws(ValueError) -> Void

    init<Value>(
        _ placeholder: String, isRequired: Bool, isRepeated: Bool = false,
        completion: Completion = .nothing, help: String,
        as parse: @escaping (String) throws(ValueError) -> Value,
        set: @escaping (inout Values, Value) -> Void
    ) {
        description = CommandDescription.Operand(
            placeholder: placeholder, isRequired: isRequired, isRepeated: isRepeated, help: help,
            completion: completion)
        apply = { (values: inout Values, text: String) throws(ValueError) in
            set(&values, try parse(text))
        }
    }
}
