import AFPacketKit

/// A run of `listen` at its start.
struct ListenStart {
    let form: ListenForm
    let addresses: [IPAddress]
    /// Addresses that it answers for beside the interface's.
    let given: [IPAddress]
    /// Tells whether it answers pings.
    var answers: Bool
    /// The reason for probes without hardware stamps; nil if they will have them.
    let hindrance: MissingReason?
}

extension Message {
    init(_ start: ListenStart) {
        let form = start.form
        var fields = [
            Field("addresses", start.addresses.map(\.description).joined(separator: ",")),
            Field("clock", start.hindrance == nil ? "hardware" : "software"),
        ]
        if let reason = start.hindrance { fields.append(Field("clock_reason", reason.text)) }
        fields += [
            Field("interface", form.interface.name), Field("mac", form.interface.address.description),
        ]
        let reach = start.reach
        if let reach { fields.append(Field("reach", reach)) }
        fields.append(Field("takes", start.takes))
        self.init(
            .info, "Listening on \(form.interface.name)", fields,
            hint: reach == nil
                ? "over UDP, only its own addresses are reached: ip address add ADDRESS/LENGTH dev "
                    + form.interface.name : nil)
        paragraphs = start.paragraphs
    }
}

extension ListenStart {
    /// The start for people: what is received, and how another host reaches it.
    fileprivate var paragraphs: [String] {
        let interface = form.interface
        let names = ([interface.address.description] + addresses.map(\.description)).joined(separator: ", ")
        let clock = hindrance.map { "software stamps (hardware: \($0.text))" } ?? "hardware stamps"
        let remedy =
            reach.map { "from another host: \($0)" }
            ?? "it has no IP address to be reached at: ip address add ADDRESS/LENGTH dev \(interface.name)"
        return ["Listening on \(interface.name) (\(names)) for \(takes); \(clock)", remedy]
    }

    fileprivate var takes: String { form.carrier.name + (form.isPTP ? ", shaped as PTP messages" : "") }

    /// The command that reaches it from another host; nil if it has no address to be reached at.
    var reach: String? {
        let start = "afprobe \(answers ? "ping -i IF" : "send -i IF -d") \(form.interface.address)"
        guard case .datagrams = form.carrier else { return start + form.carrier.options(isPTP: form.isPTP) }
        let all = addresses + given
        guard
            let address = all.first(where: \.isVersion4) ?? all.first(where: { !$0.isLinkLocal }) ?? all.first
        else { return nil }
        return start + form.carrier.options(isPTP: form.isPTP, to: address.description)
    }
}
