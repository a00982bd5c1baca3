import AFPacketKit

PrivilegedCopy.takeOver()
ThisProcess.exit(Program.run(Array(CommandLine.arguments.dropFirst())).rawValue)
