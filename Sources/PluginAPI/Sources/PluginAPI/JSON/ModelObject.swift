/// The object before another one in an array, followed member by member as long as the names are the same.
///
/// Rows of a request have the same members in the same order: their names need not be read, checked and searched for
/// repeats again.
struct ModelObject {
    /// Where the next member's name stands; `nil` behind the last one, or when there is none to follow.
    private(set) var upcomingName: Int?
    /// Members that have not been passed.
    private var left = 0
    private var isLeft = false
    private let isFlat: Bool
    /// See ``JSONDocument/layout(of:)``.
    let layout: UInt32
    /// Whether all members so far were the model's.
    var isFollowed: Bool { !isLeft }
    /// Whether there was a model of flat values, and its members were all that there were.
    var isWhole: Bool { isFlat && !isLeft && left == 0 }

    /// - Parameter value: What stands before; only an object is followed.
    init(_ value: Int?, in entries: UnsafeMutableBufferPointer<JSONDocument.Entry>) {
        guard let value, entries[value].kind == .object else {
            (isLeft, isFlat, layout) = (true, false, 0)
            return
        }
        let model = entries[value]
        left = Int(model.count)
        isFlat = Int(model.next) == value + 1 + 2 * left
        layout = model.start
        upcomingName = left > 0 ? value + 1 : nil
    }

    /// The member had the upcoming name.
    mutating func pass(in entries: UnsafeMutableBufferPointer<JSONDocument.Entry>) {
        left -= 1
        upcomingName = left > 0 ? upcomingName.map { Int(entries[$0].next) } : nil
    }

    /// The member had another name: from here on nothing is known of the rest.
    mutating func leave() {
        isLeft = true
        upcomingName = nil
    }
}
