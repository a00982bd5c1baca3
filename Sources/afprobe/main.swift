import AFPacketKit

PrivilegedCopy.takeOver()
ThisProcess.exit(Program.run(ThisProcess.arguments).rawValue)
