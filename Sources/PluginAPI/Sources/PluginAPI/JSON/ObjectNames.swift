/// The names of an object's members while they are read: those of the object before it in its array as long as they are
/// the same, then a list of its own.
///
/// Rows of a request have the same members in the same order: their names need not be read, checked, searched for repeats
/// and kept again. An object with all names of its model, and no others, shares the model's list.
struct ObjectNames {
    /// The number of the first name, see ``JSONDocument/name(_:)``; means nothing while there is none.
    private(set) var first = 0
    /// The last name of a list of its own.
    private(set) var last: Int?
    /// How many names there are so far.
    private(set) var count = 0
    /// The model's next name; `nil` behind its last one, or when there is no model to follow.
    private(set) var upcoming: Int?
    private var left = 0
    /// Whether the names are the model's.
    private(set) var isFollowing = false
    /// Whether the list has these names and no others.
    var isWhole: Bool { left == 0 }

    /// A list of its own, without names yet.
    init() {}

    /// - Parameter model: What stands before; only an object is followed.
    init(following model: JSONDocument.Entry?) {
        guard let model, model.kind == .object, model.count > 0 else { return }
        first = Int(model.start)
        upcoming = first
        left = Int(model.count)
        isFollowing = true
    }

    /// The member has the upcoming name, which is this.
    mutating func pass(_ name: JSONDocument.Entry) {
        count += 1
        left -= 1
        upcoming = left > 0 ? Int(name.next) : nil
    }

    /// A name of a list of its own has been written.
    mutating func add(_ number: Int) {
        if count == 0 { first = number }
        last = number
        count += 1
    }
}
