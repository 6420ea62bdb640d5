import CLibpq
import PluginAPI

/// A statement's values as libpq takes them: one block of bytes in PostgreSQL's binary form and where each value lies in it.
struct Parameters {
    /// The values one behind the other, and one byte more: an empty text has an address, too, as none would be NULL.
    private var bytes: [UInt8] = []
    /// Where a value begins, `nil` for NULL.
    private var starts: [Int?] = []
    private var lengths: [Int32] = []

    /// What most values take.
    private static let valueBytes = 16

    /// - Parameter text: The statement, for the message.
    /// - Throws: ``StorageError/statement(_:)`` for a value that storage cannot keep exactly.
    init(_ values: [Value], of text: String) throws(StorageError) {
        bytes.reserveCapacity(values.count * Self.valueBytes + 1)
        starts.reserveCapacity(values.count)
        lengths.reserveCapacity(values.count)
        for value in values { try append(value, of: text) }
        bytes.append(0)
    }

    /// Lends the values to a call of libpq, which copies them.
    func lend<Result>(
        _ body: (
            _ values: UnsafePointer<UnsafePointer<CChar>?>?, _ lengths: UnsafePointer<Int32>?,
            _ formats: UnsafePointer<Int32>?
        ) -> Result
    ) -> Result {
        let formats = [Int32](repeating: 1, count: starts.count)
        return bytes.withUnsafeBytes { bytes in
            let characters = bytes.bindMemory(to: CChar.self)
            let addresses = starts.map { start in start.flatMap { characters.baseAddress?.advanced(by: $0) } }
            return body(addresses, lengths, formats)
        }
    }

    private mutating func append(_ value: Value, of text: String) throws(StorageError) {
        let start = bytes.count
        try Self.append(value, to: &bytes, of: text)
        starts.append(value.isNull ? nil : start)
        lengths.append(Int32(clamping: bytes.count - start))
    }

    /// Appends a value in PostgreSQL's binary form; NULL is nothing.
    static func append(_ value: Value, to bytes: inout [UInt8], of text: String) throws(StorageError) {
        switch value {
        case .null: break
        case .boolean(let flag): bytes.append(flag ? 1 : 0)
        case .integer(let integer): bytes.append(bigEndian: integer)
        case .text(let text), .json(let text): bytes.append(contentsOf: text.utf8)
        case .timestamp(let time):
            let (microseconds, overflow) = time.microseconds.subtractingReportingOverflow(ServerType.epoch)
            guard !overflow else { throw .statement("\(time.microseconds) µs is out of range in: \(text)") }
            bytes.append(bigEndian: microseconds)
        case .decimal(let number):
            guard let units = number.storedUnits else {
                throw .statement("\(number) has more than 8 decimals or is out of range in: \(text)")
            }
            Numeric.append(units: units, to: &bytes)
        }
    }
}
