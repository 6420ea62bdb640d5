import CLibXML2

/// One row of a table in an HTML document.
struct HTMLRow: Sendable, Equatable {
    var cells: [HTMLCell]
    /// Where it begins, from 1. The parser counts no further than line 65,535.
    var line: Int

    /// Whether no cell shows anything.
    var isBlank: Bool { cells.allSatisfy(\.isBlank) }
    /// The cells that show something.
    var shown: [HTMLCell] { cells.filter { !$0.isBlank } }
}

/// One cell of a row.
struct HTMLCell: Sendable, Equatable {
    /// What it shows: entities decoded, no-break spaces as spaces, trimmed.
    var text: String
    /// What it shows under the mouse pointer.
    var title: String?
    /// How many columns it covers.
    var span: Int

    var isBlank: Bool { text.isEmpty }
}

/// The rows of every table in an HTML document, read by libxml2's forgiving HTML parser.
///
/// Nothing is fetched, and the work is bounded: bytes and tags by the limits here, depth by the parser's own (256).
enum HTMLTable {
    static let bytesMax = 32 << 20
    /// Each costs the parser some hundred bytes. A statement of 50,000 trades has fewer.
    static let tagsMax = 2_000_000

    static func rows(of bytes: [UInt8]) throws(FileRefused) -> [HTMLRow] {
        guard bytes.count <= bytesMax else {
            throw FileRefused([.init(detail: "is larger than \(bytesMax >> 20) MiB")])
        }
        guard countOfTags(in: bytes) <= tagsMax else {
            throw FileRefused([.init(detail: "has more than \(tagsMax) tags")])
        }
        guard let document = parse(bytes) else {
            throw FileRefused([.init(detail: "is not an HTML document")])
        }
        defer { xmlFreeDoc(document) }
        guard let root = xmlDocGetRootElement(document) else { return [] }
        var rows: [HTMLRow] = []
        visit(root) { node in
            if isElement(node, named: "tr") { rows.append(row(node)) }
        }
        return rows
    }

    private static func countOfTags(in bytes: [UInt8]) -> Int {
        bytes.withUnsafeBytes { buffer in
            var count = 0
            var index = 0
            while index < buffer.count {
                if buffer[index] == UInt8(ascii: "<") { count += 1 }
                index += 1
            }
            return count
        }
    }

    /// libxml2 must be initialised by one thread before several parse.
    private static let isInitialised: Void = xmlInitParser()

    private static func parse(_ bytes: [UInt8]) -> htmlDocPtr? {
        _ = isInitialised
        let options =
            HTML_PARSE_RECOVER.rawValue | HTML_PARSE_NONET.rawValue | HTML_PARSE_NOERROR.rawValue
            | HTML_PARSE_NOWARNING.rawValue
        return bytes.withUnsafeBytes { buffer in
            htmlReadMemory(
                buffer.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(buffer.count), nil, nil, Int32(options))
        }
    }

    private static func row(_ node: xmlNodePtr) -> HTMLRow {
        var cells: [HTMLCell] = []
        var child = node.pointee.children
        while let current = child {
            if isElement(current, named: "td") || isElement(current, named: "th") { cells.append(cell(current)) }
            child = current.pointee.next
        }
        return HTMLRow(cells: cells, line: xmlGetLineNo(node))
    }

    private static func cell(_ node: xmlNodePtr) -> HTMLCell {
        var bytes: [UInt8] = []
        visit(node) { part in
            guard part.pointee.type == XML_TEXT_NODE, let content = part.pointee.content else { return }
            bytes.append(contentsOf: UnsafeBufferPointer(start: content, count: Int(xmlStrlen(content))))
        }
        let span = attribute("colspan", of: node).flatMap { Int($0) } ?? 1
        return HTMLCell(
            text: tidied(bytes),
            title: attribute("title", of: node).map { tidied(Array($0.utf8)) },
            span: (1...1_000).contains(span) ? span : 1)
    }

    /// No-break spaces and line ends as spaces, none at either end.
    private static func tidied(_ text: [UInt8]) -> String {
        var tidy: [UInt8] = []
        tidy.reserveCapacity(text.count)
        var spaces = 0
        var index = 0
        while index < text.count {
            let isNoBreak = text[index] == 0xC2 && index + 1 < text.count && text[index + 1] == 0xA0
            if isNoBreak || text[index] == 0x20 || (0x09...0x0D).contains(text[index]) {
                spaces += tidy.isEmpty ? 0 : 1
                index += isNoBreak ? 2 : 1
                continue
            }
            while spaces > 0 {
                tidy.append(0x20)
                spaces -= 1
            }
            tidy.append(text[index])
            index += 1
        }
        return String(decoding: tidy, as: UTF8.self)
    }

    private static func attribute(_ name: String, of node: xmlNodePtr) -> String? {
        var attribute = node.pointee.properties
        while let current = attribute {
            if equal(current.pointee.name, name) {
                guard let content = current.pointee.children?.pointee.content else { return "" }
                return String(cString: content)
            }
            attribute = current.pointee.next
        }
        return nil
    }

    private static func isElement(_ node: xmlNodePtr, named name: String) -> Bool {
        node.pointee.type == XML_ELEMENT_NODE && equal(node.pointee.name, name)
    }

    private static func equal(_ text: UnsafePointer<xmlChar>?, _ name: String) -> Bool {
        guard let text else { return false }
        var index = 0
        for byte in name.utf8 {
            guard text[index] == byte else { return false }
            index += 1
        }
        return text[index] == 0
    }

    /// Every node under and including `root` in document order, without recursion: depth is the file's to choose.
    private static func visit(_ root: xmlNodePtr, _ body: (xmlNodePtr) -> Void) {
        var node: xmlNodePtr? = root
        while let current = node {
            body(current)
            node = current.pointee.type == XML_ELEMENT_NODE ? current.pointee.children : nil
            if node == nil { node = successor(of: current, within: root) }
        }
    }

    private static func successor(of node: xmlNodePtr, within root: xmlNodePtr) -> xmlNodePtr? {
        var current = node
        while current != root {
            if let next = current.pointee.next { return next }
            guard let parent = current.pointee.parent else { return nil }
            current = parent
        }
        return nil
    }
}
