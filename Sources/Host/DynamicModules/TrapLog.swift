import CDynamicModules
import FoundationEssentials
import Glibc
import PluginAPI

/// What dynamic modules have done to the process: a line for each trap, written as it happens, read at the next start.
///
/// A trap cannot be caught in the process. What can be done is to know whose it was, and after some of them to start without
/// that module.
struct TrapLog: Sendable, Equatable {
    let path: String

    /// As many traps within the window sideline a module.
    static let trapsMax = 3
    static let window: Duration = .seconds(600)
    private static let recordsMax = 1000

    /// One trap.
    struct Record: Sendable, Equatable {
        var at: Timestamp
        var module: ModuleDescriptor.ModuleID
        var digest: String
        var signal: Int32
        /// Where in the library, in bytes; 0 where nobody knows.
        var offset: Int

        /// - Returns: `nil` for a line that is none, or was cut off.
        init?(line: some StringProtocol) {
            let fields = line.split(separator: " ")
            guard fields.count == 6, fields[0] == "trap", let seconds = Int64(fields[1]), let signal = Int32(fields[4]),
                let offset = Int(fields[5]), (0..<4_102_444_800).contains(seconds)
            else { return nil }
            at = Timestamp(seconds: seconds)
            (module, digest) = (String(fields[2]), String(fields[3]))
            (self.signal, self.offset) = (signal, offset)
        }

        var line: String { "trap \(at.microseconds / 1_000_000) \(module) \(digest) \(signal) \(offset)" }

        /// The function, as people write it, if it is in the file.
        func function(in file: ModuleFile) -> String? {
            guard digest == file.digest, offset > 0, let shape = try? SharedLibraryShape(of: file.bytes),
                // A return address may be the first one behind its function.
                let symbol = shape.function(at: offset) ?? shape.function(at: offset - 1)
            else { return nil }
            guard let name = concord_demangled(symbol) else { return symbol }
            defer { free(name) }
            return String(cString: name)
        }
    }

    /// What stands in the file; nothing when there is none.
    var records: [Record] { contents.records }

    /// Why the host starts without a module, as a clause; `nil` when it starts with it.
    func reasonToSideline(
        _ source: DynamicModuleSource, _ file: ModuleFile? = nil, at now: Timestamp
    ) -> String? {
        let recent = records.filter {
            $0.module == source.id && $0.digest == source.digest && now.since($0.at) < Self.window
        }
        guard recent.count >= Self.trapsMax, let last = recent.last else { return nil }
        let place = file.flatMap { last.function(in: $0) }.map { ", the last time in \($0)" } ?? ""
        return "it has ended the host \(recent.count) times in ten minutes\(place); "
            + "it is tried again ten minutes after the first of these, when its file changes, or without \(path)"
    }

    /// What was not told before; from now on it counts as told.
    ///
    /// Hosts may share the file, so that lines are added to it. Only one that has grown large is written anew.
    func takeNews(at now: Timestamp) throws -> [Record] {
        let contents = contents
        if let slash = path.lastIndex(of: "/"), slash > path.startIndex {
            try FileManager.default.createDirectory(
                atPath: String(path[..<slash]), withIntermediateDirectories: true)
        }
        guard contents.records.count > Self.recordsMax else {
            try append("told\n")
            return contents.news
        }
        let kept = contents.records.filter { now.since($0.at) < Self.window }.suffix(Self.recordsMax)
        let text = kept.map { $0.line + "\n" }.joined() + "told\n"
        try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        return contents.news
    }

    private func append(_ line: String) throws {
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileProblem(detail: String(cString: strerror(errno))) }
        defer { close(descriptor) }
        guard write(descriptor, line, line.utf8.count) == line.utf8.count else {
            throw FileProblem(detail: String(cString: strerror(errno)))
        }
    }

    private var contents: (records: [Record], news: [Record]) {
        guard let bytes = try? TextFile.bytes(of: path, max: 1 << 20) else { return ([], []) }
        var (records, told): ([Record], Int) = ([], 0)
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            if let record = Record(line: line) { records.append(record) }
            if line == "told" { told = records.count }
        }
        return (records, Array(records[told...]))
    }
}
