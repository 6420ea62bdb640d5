import Foundation

/// The two statements that brokers wrote, which lie beside the project and are not part of it.
enum SharedStatement: String, CaseIterable, Sendable {
    case openPositions = "../shared/data/statements/mt4-open-positions.htm"
    case closedHistory = "../shared/data/statements/mt4-closed-history.htm"

    /// - Throws: When the file is missing: a test without its data has shown nothing.
    func bytes() throws -> [UInt8] { try packageFile(rawValue) }
}

/// A file by its path from the package's root.
func packageFile(_ path: String) throws -> [UInt8] {
    // Tests/TradingBookTests/Statements/SharedStatement.swift
    let root = (0..<4).reduce(URL(filePath: #filePath)) { url, _ in url.deletingLastPathComponent() }
    return Array(try Data(contentsOf: root.appending(path: path)))
}
