/// One command as it goes over the wire: an array of bulk strings in RESP, the protocol of Redis.
///
/// Written here and not by `redisFormatCommandArgv`, which prints each length through `sprintf` and wants all words copied
/// together: a tenth of a look-up's processor time.
struct RedisCommand: Sendable, Equatable {
    private(set) var bytes: [UInt8] = []

    /// A command whose words are still to be appended, just as many as it says.
    ///
    /// - Parameter capacity: How many bytes it will have, more or less.
    init(wordsTotal: Int, capacity: Int) {
        bytes.reserveCapacity(capacity)
        let isShort = wordsTotal < RedisCommand.shortBeginnings.count
        bytes.append(
            contentsOf: isShort ? RedisCommand.shortBeginnings[wordsTotal] : RedisCommand.line("*", wordsTotal))
    }

    /// - Parameter words: The command's name and arguments, any bytes.
    init(_ words: [[UInt8]]) {
        self.init(wordsTotal: words.count, capacity: words.reduce(16) { $0 + $1.count + 16 })
        for word in words { append(word) }
    }

    init(_ words: String...) {
        self.init(words.map { Array($0.utf8) })
    }

    mutating func append(_ word: [UInt8]) {
        append(bytesTotal: word.count) { $0.append(contentsOf: word) }
    }

    /// Appends a word that is written in place.
    ///
    /// - Precondition: `write` appends just `bytesTotal` bytes.
    @inline(__always)
    mutating func append(bytesTotal: Int, _ write: (inout [UInt8]) -> Void) {
        let isShort = bytesTotal < RedisCommand.shortHeads.count
        bytes.append(contentsOf: isShort ? RedisCommand.shortHeads[bytesTotal] : RedisCommand.line("$", bytesTotal))
        let end = bytes.count + bytesTotal
        write(&bytes)
        precondition(bytes.count == end, "a word has another length than was said")
        bytes.append(contentsOf: RedisCommand.lineEnd)
    }

    private static func line(_ sign: Character, _ number: Int) -> [UInt8] { Array("\(sign)\(number)\r\n".utf8) }

    private static let lineEnd = Array("\r\n".utf8)
    /// What stands before words of so many bytes: keys of entries and tags have few.
    private static let shortHeads = (0..<256).map { line("$", $0) }
    private static let shortBeginnings = (0..<64).map { line("*", $0) }
}
