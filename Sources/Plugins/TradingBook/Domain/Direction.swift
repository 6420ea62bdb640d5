/// Which way a trade or position goes.
public enum Direction: String, Sendable, CaseIterable {
    case buy, sell
}
