/// Why a text is not a value of its kind.
struct ValueProblem: Error, Equatable {
    /// A clause that follows the quoted text: `is not a whole number`.
    var detail: String
    /// What would be right.
    var hint: String?

    init(_ detail: String, hint: String? = nil) {
        self.detail = detail
        self.hint = hint
    }
}
