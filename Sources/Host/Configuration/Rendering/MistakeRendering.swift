import PluginAPI

extension ConfigurationReport {
    /// Every mistake with its place, source line and caret, as compilers print theirs.
    var text: String {
        var lines: [String] = []
        var excerpts = SourceExcerpts(names: specification.secretNames)
        for mistake in mistakes.prefix(ConfigurationReport.listedMax) {
            let place = mistake.origin.place(inFile: source.name)
            lines.append("\(place): \(mistake.severity.rawValue): \(mistake.sentence.printable)")
            guard let excerpt = excerpts.excerpt(for: mistake, in: source) else { continue }
            lines += ["  \(excerpt.line)", "  \(excerpt.caret)"]
        }
        let more = mistakes.count - ConfigurationReport.listedMax
        if more > 0 { lines.append("… and \(more) more") }
        let own = lines.isEmpty ? "" : lines.joined(separator: "\n") + "\n"
        return own + brokenFiles.map(\.text).joined()
    }

    func write(to json: inout JSONWriter) {
        json.field("file", source.name)
        json.field("valid", errors.isEmpty && brokenFiles.isEmpty)
        var excerpts = SourceExcerpts(names: specification.secretNames)
        json.arrayField("mistakes", of: placedErrors) { json, placed in
            placed.report.write(placed.mistake, &excerpts, to: &json)
        }
        json.arrayField("warnings", of: warnings) { json, mistake in write(mistake, &excerpts, to: &json) }
    }

    private func write(
        _ mistake: ConfigurationMistake, _ excerpts: inout SourceExcerpts, to json: inout JSONWriter
    ) {
        json.object { json in
            json.field("place", mistake.origin.place(inFile: source.name))
            json.field("line", mistake.origin.position.map { Int64($0.line) })
            json.field("column", mistake.origin.position.map { Int64($0.column) })
            json.field("key", mistake.path)
            json.field("detail", mistake.detail)
            json.field("hint", mistake.hint)
            json.field("source", excerpts.excerpt(for: mistake, in: source)?.line)
        }
    }
}

extension SettingOrigin {
    /// The place alone, as editors understand it.
    func place(inFile name: String) -> String {
        if self == .preset { return name }
        return position.map { "\(name):\($0.line):\($0.column)" } ?? described(inFile: name)
    }
}

extension String {
    /// Without characters that control lines or the direction of text, so that no text from elsewhere can steer a terminal.
    var printable: String {
        String(String.UnicodeScalarView(unicodeScalars.map { $0.isSteering ? "\u{FFFD}" : $0 }))
    }
}

extension Unicode.Scalar {
    fileprivate var isSteering: Bool {
        switch value {
        case 0..<0x20, 0x7F...0x9F, 0x61C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}
