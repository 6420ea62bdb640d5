import ArgumentParser

/// Shows what the configuration comes to, and what it may hold.
struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Show the effective configuration, its JSON Schema, or a commented sample.",
        subcommands: [Show.self, Schema.self, Sample.self]
    )

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "The effective configuration; secrets are redacted.")

        @OptionGroup var common: CommonOptions

        @Flag(help: "Say after each value where it came from.")
        var origin = false

        func run() throws {
            let report = common.load(opening: ModuleOpening())
            Console.write(diagnostics: report.text)
            guard report.errors.isEmpty, let document = report.document else { throw ExitCode(2) }
            print(
                ConfigurationListing.text(document, source: report.source.name, showsOrigin: origin), terminator: "")
        }
    }

    struct Schema: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "The JSON Schema of the configuration file.")

        @OptionGroup var common: CommonOptions

        func run() {
            print(ConfigurationSchema.text(HostSpec(.compiledIn)), terminator: "")
        }
    }

    struct Sample: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "A commented configuration with every default.")

        @OptionGroup var common: CommonOptions

        func run() {
            print(ConfigurationSample.text(HostSpec(.compiledIn)), terminator: "")
        }
    }
}
