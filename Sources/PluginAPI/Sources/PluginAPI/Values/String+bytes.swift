extension String {
    /// Whether two texts have the same UTF-8 bytes, as IDs, keys and SQL are compared. `==` also takes texts for equal that
    /// only look alike.
    public func hasSameBytes(as other: String) -> Bool {
        guard utf8.count == other.utf8.count else { return false }
        var (left, right) = (self, other)
        return left.withUTF8 { left in right.withUTF8 { right in left.elementsEqual(right) } }
    }
}
