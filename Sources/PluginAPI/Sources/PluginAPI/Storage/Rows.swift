/// The rows a query answered, in order. Cells are kept flat, so that a thousand rows are one array.
public struct Rows: Sendable, RandomAccessCollection {
    /// How the backend delivers decimals and times.
    public enum Encoding: Sendable {
        /// As decimals and times of ``Value``.
        case native
        /// As integers: units of 10⁻⁸ and microseconds. The reader's accessor decides which.
        case scaled
    }

    /// The columns' names in order.
    public let columns: [String]
    /// How decimals and times are held.
    public let encoding: Encoding
    private let cells: [Value]

    /// - Precondition: `cells` holds whole rows.
    public init(columns: [String], cells: [Value], encoding: Encoding) {
        precondition(columns.isEmpty ? cells.isEmpty : cells.count.isMultiple(of: columns.count), "half a row")
        self.columns = columns
        self.cells = cells
        self.encoding = encoding
    }

    /// No rows of no columns.
    public static let none = Rows(columns: [], cells: [], encoding: .native)

    public var startIndex: Int { 0 }
    public var endIndex: Int { columns.isEmpty ? 0 : cells.count / columns.count }
    public subscript(position: Int) -> Row { Row(rows: self, start: position * columns.count) }

    /// The position of a column, for readers that visit many rows.
    /// - Precondition: The statement selects a column of that name.
    public func column(_ name: String) -> Int {
        guard let index = columns.firstIndex(of: name) else { preconditionFailure("the query has no column \(name)") }
        return index
    }

    func cell(_ index: Int) -> Value { cells[index] }
}

/// One row. Accessors take a column's position or its name and convert to the kind they are named for.
///
/// A cell that is not of that kind is a programmer's mistake in the statement and stops the program; SQL NULL is `nil`.
public struct Row: Sendable {
    private let rows: Rows
    private let start: Int

    init(rows: Rows, start: Int) {
        self.rows = rows
        self.start = start
    }

    /// The columns' names in order.
    public var columns: [String] { rows.columns }

    /// The cell as storage delivered it.
    public func stored(_ column: Int) -> Value { rows.cell(start + column) }

    /// Whether the cell is of a kind, so that ``value(_:as:)`` may be asked for it. Every kind holds NULL.
    public func holds(_ kind: ValueKind, at column: Int) -> Bool { converted(column, to: kind) != nil }

    /// The cell as the given kind; `.null` for SQL NULL.
    public func value(_ column: Int, as kind: ValueKind) -> Value {
        guard let value = converted(column, to: kind) else {
            preconditionFailure("column \(rows.columns[column]) is not \(kind): \(stored(column))")
        }
        return value
    }

    private func converted(_ column: Int, to kind: ValueKind) -> Value? {
        let cell = rows.cell(start + column)
        switch (kind, cell) {
        case (_, .null), (.boolean, .boolean), (.integer, .integer), (.decimal, .decimal), (.text, .text),
            (.timestamp, .timestamp), (.json, .json):
            return cell
        case (.boolean, .integer(let flag)): return .boolean(flag != 0)
        case (.decimal, .integer(let units)):
            return .decimal(
                rows.encoding == .scaled
                    ? FixedDecimal(storedUnits: units) : FixedDecimal(units: Int128(units), scale: 0)
            )
        case (.integer, .decimal(let number)):
            guard let whole = number.rescaled(to: 0), let integer = Int64(exactly: whole.units) else { return nil }
            return .integer(integer)
        case (.timestamp, .integer(let microseconds)): return .timestamp(Timestamp(microseconds: microseconds))
        case (.json, .text(let text)): return .json(text)
        case (.text, .json(let text)): return .text(text)
        default: break
        }
        return nil
    }

    /// Text at a column, counted from 0; `nil` for NULL and for another kind.
    public func text(_ column: Int) -> String? {
        // Most cells are of the kind they are read as.
        if case .text(let text) = rows.cell(start + column) { return text }
        return if case .text(let text) = value(column, as: .text) { text } else { nil }
    }

    /// A whole number at a column; `nil` for NULL and for another kind.
    public func integer(_ column: Int) -> Int64? {
        // Most cells are of the kind they are read as.
        if case .integer(let integer) = rows.cell(start + column) { return integer }
        return if case .integer(let integer) = value(column, as: .integer) { integer } else { nil }
    }

    /// A decimal at a column; `nil` for NULL and for another kind.
    public func decimal(_ column: Int) -> FixedDecimal? {
        // Most cells are of the kind they are read as.
        if case .decimal(let decimal) = rows.cell(start + column) { return decimal }
        return if case .decimal(let decimal) = value(column, as: .decimal) { decimal } else { nil }
    }

    /// A time at a column; `nil` for NULL and for another kind.
    public func timestamp(_ column: Int) -> Timestamp? {
        // Most cells are of the kind they are read as.
        if case .timestamp(let timestamp) = rows.cell(start + column) { return timestamp }
        return if case .timestamp(let timestamp) = value(column, as: .timestamp) { timestamp } else { nil }
    }

    /// A truth at a column; `nil` for NULL and for another kind.
    public func boolean(_ column: Int) -> Bool? {
        if case .boolean(let boolean) = value(column, as: .boolean) { boolean } else { nil }
    }

    /// The text of a JSON value at a column; `nil` for NULL and for another kind.
    public func json(_ column: Int) -> String? {
        if case .json(let json) = value(column, as: .json) { json } else { nil }
    }

    /// Text in a column of this name; `nil` for NULL and for another kind.
    public func text(_ column: String) -> String? { text(rows.column(column)) }
    /// A whole number in a column of this name; `nil` for NULL and for another kind.
    public func integer(_ column: String) -> Int64? { integer(rows.column(column)) }
    /// A decimal in a column of this name; `nil` for NULL and for another kind.
    public func decimal(_ column: String) -> FixedDecimal? { decimal(rows.column(column)) }
    /// A time in a column of this name; `nil` for NULL and for another kind.
    public func timestamp(_ column: String) -> Timestamp? { timestamp(rows.column(column)) }
    /// A truth in a column of this name; `nil` for NULL and for another kind.
    public func boolean(_ column: String) -> Bool? { boolean(rows.column(column)) }
    /// The text of a JSON value in a column of this name; `nil` for NULL and for another kind.
    public func json(_ column: String) -> String? { json(rows.column(column)) }
}
