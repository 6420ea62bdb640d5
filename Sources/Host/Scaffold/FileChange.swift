import FoundationEssentials

/// New folders, new files in them, and new texts of files that are there: all of it, or nothing.
struct FileChange {
    private struct NewText {
        var path: String
        var old: String?
        var new: String
    }

    let root: String
    private var folders: [String] = []
    private var texts: [NewText] = []

    init(root: String) {
        self.root = root
    }

    /// Every file, in the order in which they were told.
    var paths: [String] { texts.map(\.path) }

    /// - Throws: ``ScaffoldRefusal`` when something of the name is there.
    mutating func create(folder: String) throws(ScaffoldRefusal) {
        if FileManager.default.fileExists(atPath: "\(root)/\(folder)") {
            throw ScaffoldRefusal("\(folder) is there already")
        }
        folders.append(folder)
    }

    /// A file in a folder that is created.
    mutating func create(_ path: String, _ text: String) {
        texts.append(NewText(path: path, old: nil, new: text))
    }

    mutating func replace(_ path: String, _ old: String, by new: String) {
        texts.append(NewText(path: path, old: old, new: new))
    }

    /// Writes everything. A file is replaced at once, never half.
    ///
    /// - Throws: What the file system says, after what was written has been taken back.
    func carryOut() throws {
        // The folder in which the command was begun may be gone.
        guard !root.isEmpty else { throw ScaffoldRefusal("the folder to write to is not there") }
        var undone: [() -> Void] = []
        do {
            for folder in folders {
                // Fails when somebody has made the folder meanwhile, so that what is theirs is neither used nor removed.
                try FileManager.default.createDirectory(atPath: "\(root)/\(folder)", withIntermediateDirectories: false)
                undone.append { try? FileManager.default.removeItem(atPath: "\(root)/\(folder)") }
            }
            for text in texts {
                try write(text.new, to: text.path)
                if let old = text.old { undone.append { try? write(old, to: text.path) } }
            }
        } catch {
            for undo in undone.reversed() { undo() }
            throw error
        }
    }

    private func write(_ text: String, to path: String) throws {
        let url = URL(fileURLWithPath: "\(root)/\(path)")
        try FileManager.default.createDirectory(
            atPath: url.deletingLastPathComponent().path, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url, options: .atomic)
    }
}
