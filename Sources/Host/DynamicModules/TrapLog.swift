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
    private static let bytesMax = 1 << 20

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
            $0.module == source.id && $0.digest == source.digest && Self.isRecent($0.at, now)
        }
        guard recent.count >= Self.trapsMax, let last = recent.last else { return nil }
        let place = file.flatMap { last.function(in: $0) }.map { ", the last time in \($0)" } ?? ""
        return "it has ended the host \(recent.count) times in ten minutes\(place); "
            + "it is tried again ten minutes after the first of these, when its file changes, or without \(path)"
    }

    /// A clock that was put back does not make a trap of the future.
    private static func isRecent(_ moment: Timestamp, _ now: Timestamp) -> Bool {
        (.zero..<window).contains(now.since(moment))
    }

    /// What nobody has told yet.
    var news: [Record] { contents.news }

    /// From now on everything counts as told. Only a file that has grown large is made shorter, in place, for other hosts may
    /// write to it.
    func markTold(at now: Timestamp) throws(FileProblem) {
        let descriptor = try open()
        defer { close(descriptor) }
        var text = "\ntold\n"
        var status = stat()
        if fstat(descriptor, &status) == 0, status.st_size > Self.bytesMax / 2 {
            let kept = records.filter { Self.isRecent($0.at, now) }.suffix(Self.recordsMax)
            text = kept.map { $0.line + "\n" }.joined() + "told\n"
            ftruncate(descriptor, 0)
        }
        guard write(descriptor, text, text.utf8.count) == text.utf8.count else { throw Self.problem }
    }

    /// A descriptor at the end of the file, which is made when there is none.
    func open() throws(FileProblem) -> Int32 {
        if let slash = path.lastIndex(of: "/"), slash > path.startIndex {
            try? FileManager.default.createDirectory(
                atPath: String(path[..<slash]), withIntermediateDirectories: true)
        }
        let descriptor = Glibc.open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0o600)
        guard descriptor >= 0 else { throw Self.problem }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw FileProblem(detail: "is not a regular file")
        }
        return descriptor
    }

    private static var problem: FileProblem { FileProblem(detail: String(cString: strerror(errno))) }

    private var contents: (records: [Record], news: [Record]) {
        guard let bytes = try? TextFile.bytes(of: path, max: Self.bytesMax) else { return ([], []) }
        var (records, told): ([Record], Int) = ([], 0)
        for line in bytes.split(whereSeparator: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }) {
            let line = String(decoding: line, as: UTF8.self)
            if let record = Record(line: line) { records.append(record) }
            if line == "told" { told = records.count }
        }
        return (records, Array(records[told...]))
    }
}
