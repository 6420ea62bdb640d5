import PluginAPI

/// A value as it is put together from text that stays and files that may change: `postgresql://a:${file:/run/pw}@db/x`.
///
/// Variables are among the text: a process cannot be given other ones.
struct ConfiguredText: Sendable, Equatable {
    enum Part: Sendable, Equatable {
        case text(String)
        /// A file's path.
        case file(String)
    }

    /// In order.
    var parts: [Part]

    /// Whether reading it again can give anything else.
    var canChange: Bool {
        parts.contains { if case .file = $0 { true } else { false } }
    }

    /// The value with every file read now.
    ///
    /// - Throws: When a file cannot be read, or is empty, as files are while somebody writes them.
    func current(
        _ readFile: (String) -> Result<String, FileProblem> = TextFile.text(of:)
    ) throws(SecretUnreadable) -> String {
        var value = ""
        for part in parts {
            switch part {
            case .text(let text): value += text
            case .file(let path): value += try ConfiguredText.content(of: path, readFile)
            }
        }
        return value
    }

    private static func content(
        of path: String,
        _ readFile: (String) -> Result<String, FileProblem>
    ) throws(SecretUnreadable) -> String {
        do {
            let text = VariableExpander.withoutLastLineBreak(try readFile(path).get())
            if text.isEmpty { throw SecretUnreadable(reason: "the file \(path) is empty") }
            return text
        } catch let error as SecretUnreadable {
            throw error
        } catch let problem as FileProblem {
            throw SecretUnreadable(reason: "the file \(path) \(problem.detail)")
        } catch {
            throw SecretUnreadable(reason: "the file \(path): \(error)")
        }
    }
}
