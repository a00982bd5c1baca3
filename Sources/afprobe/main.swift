import AFPacketKit

ThisProcess.exit(Program.run(Array(CommandLine.arguments.dropFirst())).rawValue)
