import CHiredis

/// One command as it goes over the wire; hiredis does the writing.
struct RedisCommand: Sendable, Equatable {
    let bytes: [UInt8]

    /// - Parameter words: The command's name and arguments, any bytes.
    init(_ words: [[UInt8]]) {
        let lengths = words.map(\.count)
        var flat: [UInt8] = []
        flat.reserveCapacity(lengths.reduce(0, +))
        for word in words { flat.append(contentsOf: word) }
        bytes = flat.withUnsafeBufferPointer { flat in
            // An empty buffer has no address, and hiredis copies no bytes from it.
            let start = flat.baseAddress.map { UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self) }
            var offset = 0
            var pointers: [UnsafePointer<CChar>?] = lengths.map { length in
                defer { offset += length }
                return start.map { $0 + offset }
            }
            return RedisCommand.format(&pointers, lengths)
        }
    }

    init(_ words: String...) {
        self.init(words.map { Array($0.utf8) })
    }

    private static func format(_ words: inout [UnsafePointer<CChar>?], _ lengths: [Int]) -> [UInt8] {
        var target: UnsafeMutablePointer<CChar>?
        let length = redisFormatCommandArgv(&target, Int32(words.count), &words, lengths)
        guard length >= 0, let target else { preconditionFailure("no memory for a Redis command") }
        defer { redisFreeCommand(target) }
        return Array(UnsafeRawBufferPointer(start: target, count: Int(length)))
    }
}
