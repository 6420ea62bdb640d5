import ArgumentParser
import Glibc
import PluginAPI

extension ModulesCommand {
    /// What ``LibraryTrial`` starts: opens the library that it was given, asks for all that a host asks for, and ends.
    struct Try: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "try", abstract: "Open the library on descriptor 3, and end.", shouldDisplay: false)

        func run() throws {
            do throws(ModuleRefusal) {
                let file = try ModuleFile(path: "/proc/self/fd/\(LibraryTrial.descriptor)", isProtected: false)
                let type = try ModuleLibraries().load(file).type
                _ = (type.descriptor, type.configuration, type.migrations)
            } catch {
                throw ExitCode(LibraryTrial.refusedStatus)
            }
        }
    }
}
