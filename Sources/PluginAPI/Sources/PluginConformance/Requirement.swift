/// A promise was broken; the text says which and how.
public struct PromiseBroken: Error, CustomStringConvertible {
    public let description: String

    public init(_ description: String) {
        self.description = description
    }
}

/// Throws ``PromiseBroken`` unless `condition` holds.
func promise(_ condition: Bool, _ otherwise: @autoclosure () -> String) throws(PromiseBroken) {
    guard condition else { throw PromiseBroken(otherwise()) }
}
