import PluginAPI

/// Something that went wrong on a connection: what the caller is told, and whether the same again may go well.
struct ServerFailure: Error {
    enum Remedy: Equatable {
        case none
        /// Others were in the way: once more, on the same connection.
        case again
        /// A prepared statement no longer fits the schema: once more with statements prepared anew.
        case prepareAgain
        /// The connection is gone: once more, on another one.
        case reconnect
    }

    let error: StorageError
    var remedy = Remedy.none
    /// The server's words alone, and where in the statement it stopped, in characters from 1.
    private(set) var message: String?
    private(set) var position: Int?

    /// The same with what the server said of a place in the statement.
    func at(_ position: Int?) -> ServerFailure {
        var failure = self
        failure.position = position
        return failure
    }

    static func lost(_ reason: String) -> ServerFailure {
        ServerFailure(error: .unavailable(reason: reason), remedy: .reconnect)
    }

    init(error: StorageError, remedy: Remedy = .none) {
        self.error = error
        self.remedy = remedy
    }

    /// What the server answered.
    ///
    /// - Parameters:
    ///   - sqlState: Five characters; PostgreSQL's appendix A lists them.
    ///   - text: The statement, for the message.
    ///   - isReading: Outside a transaction a refused write is the statement's fault, not the medium's.
    ///   - sourceFile: Where in the server's source it was found.
    init(sqlState: String, message: String, text: String, isReading: Bool, sourceFile: String = "") {
        let detail = "\(message) in: \(text)"
        switch sqlState {
        case "": self = .lost(message)
        case "40001", "40P01", "55P03": self.init(error: .unavailable(reason: detail), remedy: .again)
        case "57014": self.init(error: .timedOut)
        case "57P01", "57P02", "57P03", "57P05", "25P03": self = .lost(message)
        case "26000": self.init(error: .unavailable(reason: detail), remedy: .prepareAgain)
        case "0A000" where message.contains("cached plan"):
            self.init(error: .unavailable(reason: detail), remedy: .prepareAgain)
        case "25006": self.init(error: isReading ? .statement(detail) : .full(detail))
        case "XX000" where Self.filesOfFiles.contains(sourceFile): self.init(error: .full(detail))
        case "53300": self.init(error: .unavailable(reason: message))
        default: self.init(error: Self.error(ofClass: sqlState.prefix(2), message: message, detail: detail))
        }
        if sqlState.hasPrefix("08") { remedy = .reconnect }
        self.message = message
    }

    /// What of the server deals with files. It has no code of its own for a file that may not grow: a share of the disk that
    /// is used up (`EDQUOT`), a limit (`EFBIG`).
    private static let filesOfFiles: Set<String> = ["md.c", "fd.c", "buffile.c", "slru.c", "xlog.c"]

    private static func error(ofClass name: Substring, message: String, detail: String) -> StorageError {
        switch name {
        case "23": .constraint(detail)
        // Disk full, out of memory, an I/O error.
        case "53", "58": .full(detail)
        case "08", "28", "57", "3D": .unavailable(reason: message)
        default: .statement(detail)
        }
    }
}
