/// A place in the configuration file. Both count from 1; a column is a Unicode scalar.
struct SourcePosition: Sendable, Hashable, Comparable {
    var line: Int
    var column: Int

    static let start = SourcePosition(line: 1, column: 1)

    static func < (left: SourcePosition, right: SourcePosition) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

/// Where a setting's value was written; `config show --origin` prints it.
enum SettingOrigin: Sendable, Hashable {
    case file(SourcePosition)
    /// In the file as `${env:…}` or `${file:…}`: what it came through, such as `env JWT_SECRET_KEY`.
    case expanded(SourcePosition, through: [String])
    case variable(String)
    case flag(String)
    case preset

    var position: SourcePosition? {
        switch self {
        case .file(let position), .expanded(let position, _): position
        case .variable, .flag, .preset: nil
        }
    }

    func described(inFile name: String) -> String {
        switch self {
        case .file(let position): "\(name):\(position.line):\(position.column)"
        case .expanded(let position, let sources):
            "\(name):\(position.line):\(position.column) through \(sources.joined(separator: ", "))"
        case .variable(let variable): "env \(variable)"
        case .flag(let flag): "flag \(flag)"
        case .preset: "default"
        }
    }
}
