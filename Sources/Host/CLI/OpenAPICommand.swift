import ArgumentParser

/// `concord openapi`: the document that a running host serves, without running one.
struct OpenAPICommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "openapi", abstract: "Print the API's OpenAPI 3.1 document.")

    @OptionGroup var options: CommonOptions

    func run() async throws {
        Console.data(try HostAssembly.orExit(options.load(opening: ModuleOpening())).openAPI)
    }
}
