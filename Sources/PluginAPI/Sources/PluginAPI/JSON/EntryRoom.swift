/// Room for the entries of a document: values from its front, names of members from its back.
///
/// Every entry is written behind a look at the room there is, and none is read that has not been written.
struct EntryRoom {
    private let room: UnsafeMutableBufferPointer<JSONDocument.Entry>
    /// How many values have been written.
    private(set) var count = 0
    private var nameCount = 0

    /// - Parameter room: Uninitialised; outlives this, which does not free it.
    init(_ room: UnsafeMutableBufferPointer<JSONDocument.Entry>) {
        self.room = room
    }

    var isFull: Bool { count + nameCount >= room.count }

    /// Writes a value, behind which the next one begins.
    ///
    /// - Precondition: There is room.
    @inline(__always)
    mutating func append(_ value: JSONDocument.Entry) {
        var value = value
        value.next = UInt32(truncatingIfNeeded: count + 1)
        room.initializeElement(at: count, to: value)
        count += 1
    }

    @inline(__always)
    func value(_ index: JSONDocument.Index) -> JSONDocument.Entry { room[index] }

    /// Says what a list holds once all of that has been written.
    func finish(_ list: JSONDocument.Index, start: Int, holding values: Int) {
        room[list].start = UInt32(truncatingIfNeeded: start)
        room[list].count = UInt32(truncatingIfNeeded: values)
        room[list].next = UInt32(truncatingIfNeeded: count)
    }

    /// Writes a name.
    ///
    /// - Precondition: There is room.
    /// - Parameter last: The name before it of the same object.
    /// - Returns: The name's number.
    mutating func append(name: JSONDocument.Entry, behind last: Int?) -> Int {
        if let last { room[room.count - 1 - last].next = UInt32(truncatingIfNeeded: nameCount) }
        room.initializeElement(at: room.count - 1 - nameCount, to: name)
        nameCount += 1
        return nameCount - 1
    }

    @inline(__always)
    func name(_ number: Int) -> JSONDocument.Entry { room[room.count - 1 - number] }

    /// Puts the names right behind the values; nothing more can be written or read then.
    ///
    /// - Returns: How many entries there are, from the front of the room.
    func close() -> Int {
        if nameCount > 0, let start = room.baseAddress {
            (start + count).moveInitialize(from: start + room.count - nameCount, count: nameCount)
        }
        return count + nameCount
    }
}
