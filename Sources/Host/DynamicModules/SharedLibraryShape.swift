/// The outline of a shared library of the ELF format (System V ABI, chapters 4 and 5), read without loading it: a loader
/// trusts what it maps, and a file that ends too early would end the process.
struct SharedLibraryShape {
    /// Functions that the library offers to whoever loads it.
    let functions: Set<String>
    private let reader: Reader
    private let sections: Table

    private static let headerSize = 64
    #if arch(x86_64)
        private static let machine = 62
    #else
        private static let machine = 183
    #endif

    /// Kinds of sections.
    private enum SymbolTable: Int {
        /// Everything that the linker left a name of.
        case all = 2
        /// What the loader needs.
        case dynamic = 11
    }

    /// - Throws: ``ModuleRefusal`` when the bytes are no library of this machine, or not a whole one.
    init(of bytes: [UInt8]) throws(ModuleRefusal) {
        guard bytes.starts(with: [0x7F, 0x45, 0x4C, 0x46]) else { throw ModuleRefusal(.file, "is no shared library") }
        guard bytes.count >= Self.headerSize else { throw Self.truncated }
        reader = Reader(bytes: bytes)
        guard bytes[4] == 2, bytes[5] == 1, reader.number(at: 18, 2) == Self.machine else {
            throw ModuleRefusal(.file, "is a library for another kind of machine")
        }
        guard reader.number(at: 16, 2) == 3 else {
            throw ModuleRefusal(.file, "is a program or an object file, not a shared library")
        }
        let segments = Table(reader, offset: 32, sizes: 54, sizeMin: 56)
        sections = Table(reader, offset: 40, sizes: 58, sizeMin: 64)
        guard reader.has(segments.extent), reader.has(sections.extent) else { throw Self.truncated }
        for start in segments.starts
        where !reader.has((reader.number(at: start + 8, 8), reader.number(at: start + 32, 8))) {
            throw Self.truncated
        }
        guard let offered = try Self.symbols(.dynamic, reader, sections) else {
            throw ModuleRefusal(
                .file, "has no table of its symbols", hint: "build it without stripping section headers")
        }
        functions = Set(offered.lazy.filter { $0.isDefined && $0.isFunction }.map(\.name))
    }

    /// The function at an address of the library's own counting, as the linker names it.
    func function(at address: Int) -> String? {
        symbols.first { $0.isFunction && $0.isDefined && $0.address <= address && address - $0.address < $0.size }?.name
    }

    /// Everything that has a name.
    var symbols: [Symbol] {
        [SymbolTable.all, .dynamic].flatMap { (try? Self.symbols($0, reader, sections)) ?? [] }
    }

    private static let truncated = ModuleRefusal(
        .file, "ends too early: it is not a whole library", hint: "copy it again")

    struct Symbol {
        var name: String
        var isDefined: Bool
        var isFunction: Bool
        var address: Int
        var size: Int
    }

    private static func symbols(
        _ kind: SymbolTable,
        _ reader: Reader,
        _ sections: Table
    ) throws(ModuleRefusal) -> [Symbol]? {
        guard let table = sections.starts.first(where: { reader.number(at: $0 + 4, 4) == kind.rawValue }) else {
            return nil
        }
        let link = reader.number(at: table + 40, 4)
        guard link < sections.starts.count else { throw truncated }
        let (entries, names) = (reader.extent(ofSection: table), reader.extent(ofSection: sections.starts[link]))
        guard reader.has(entries), reader.has(names) else { throw truncated }
        return stride(from: entries.offset, to: entries.offset + entries.size - 23, by: 24).map { start in
            let name = reader.number(at: start, 4)
            return Symbol(
                name: name < names.size ? reader.text(at: names.offset + name, before: names.offset + names.size) : "",
                isDefined: reader.number(at: start + 6, 2) != 0,
                isFunction: reader.number(at: start + 4, 1) & 0xF == 2, address: reader.number(at: start + 8, 8),
                size: reader.number(at: start + 16, 8))
        }
    }

    /// The segments or the sections.
    private struct Table {
        let starts: [Int]
        let extent: (offset: Int, size: Int)

        /// - Parameters:
        ///   - place: Where the header says at which offset the table begins.
        ///   - sizes: Where it says how large an entry is, and behind that how many there are.
        init(_ reader: Reader, offset place: Int, sizes: Int, sizeMin: Int) {
            let (offset, size) = (reader.number(at: place, 8), reader.number(at: sizes, 2))
            let count = reader.number(at: sizes + 2, 2)
            extent = (offset, size * count)
            starts = reader.has(extent) && size >= sizeMin ? (0..<count).map { offset + $0 * size } : []
        }
    }

    private struct Reader {
        let bytes: [UInt8]

        /// Little-endian; what lies behind the end or does not fit reads as a number that is too large for any file.
        func number(at offset: Int, _ size: Int) -> Int {
            guard has((offset, size)) else { return .max }
            let value = bytes[offset..<offset + size].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            return Int(clamping: value)
        }

        func has(_ extent: (offset: Int, size: Int)) -> Bool {
            guard extent.offset >= 0, extent.size >= 0 else { return false }
            let (end, isTooLarge) = extent.offset.addingReportingOverflow(extent.size)
            return !isTooLarge && end <= bytes.count
        }

        func extent(ofSection start: Int) -> (offset: Int, size: Int) {
            (number(at: start + 24, 8), number(at: start + 32, 8))
        }

        func text(at offset: Int, before end: Int) -> String {
            String(decoding: bytes[offset..<end].prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}
