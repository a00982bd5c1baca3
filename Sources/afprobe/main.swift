import AFPacketKit

PrivilegedCopy.takeOver()
ThisProcess.lowerCapabilities()
ThisProcess.exit(Program.run(ThisProcess.arguments).rawValue)
