/// The commands in the order of the help. A run builds only the declaration of its own command: building all of them
/// takes longer than the rest of the start.
enum CommandName: String, CaseIterable {
    case send, listen, ping, hwstamp
    case hwstampConfig = "hwstamp-config"

    /// The command of this name, in small or capital letters.
    init?(_ name: String) { self.init(rawValue: name.lowercased()) }

    var command: Command {
        switch self {
        case .send: Command(CommandSpec<SendOptions>.send)
        case .listen: Command(CommandSpec<ListenOptions>.listen)
        case .ping: Command(CommandSpec<PingOptions>.ping)
        case .hwstamp: Command(CommandSpec<HWStampOptions>.hwstamp)
        case .hwstampConfig: Command(CommandSpec<HWStampConfigOptions>.hwstampConfig)
        }
    }
}
