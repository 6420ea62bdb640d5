import ArgumentParser
import PluginAPI

extension ConfigurationReport {
    /// The configuration, after its warnings; or the end of the command with every mistake on standard error.
    func configurationOrExit() throws -> HostConfiguration {
        Console.write(diagnostics: text)
        guard let configuration else { throw ExitStatus.badInput }
        return configuration
    }
}

extension HostAssembly {
    /// Puts a host together for a command; what is wrong with it ends the command.
    static func orExit(_ report: ConfigurationReport) throws -> HostAssembly {
        let configuration = try report.configurationOrExit()
        do {
            let secret = try configuration.auth.secret.obtain()
            return try HostAssembly(configuration, document: report.document, secret: secret)
        } catch let error as FileProblem {
            Console.diagnostic("concord: the file of the development secret \(error.detail)")
            throw ExitStatus.failed
        } catch {
            Console.diagnostic("concord: \(error)")
            throw ExitStatus.badInput
        }
    }
}

extension HostAssembly {
    /// A pipeline within the configuration's limits.
    func serving(_ pipeline: RequestPipeline) -> Serving {
        var limits = HTTPLimits()
        limits.bodyMax = configuration.limits.bodyMax
        limits.requestTimeout = configuration.limits.requestTimeout
        return Serving(handler: pipeline, limits: limits)
    }
}

extension SecretSource {
    /// The configured secret, or the development one, which is made at the first need.
    func obtain() throws(FileProblem) -> Secret {
        switch self {
        case .configured(let secret): secret
        case .generatedBeside(let path): try DevelopmentSecret(path: path).obtain()
        }
    }
}

extension LogFormat {
    init(_ format: HostConfiguration.Log.Format) {
        switch format {
        case .json: self = .json
        case .text: self = .text
        }
    }
}
