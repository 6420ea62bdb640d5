import Foundation
import PluginAPI
import PluginTesting
import Testing

@testable import Host

@Suite("The shape of a shared library")
struct SharedLibraryShapeTests {
    /// A library of this process.
    private static let whole: [UInt8] = {
        let maps = FileHandle(forReadingAtPath: "/proc/self/maps")?.readDataToEndOfFile() ?? Data()
        let line = String(decoding: maps, as: UTF8.self).split(separator: "\n").first {
            $0.hasSuffix("/libdispatch.so")
        }
        let path = line?.split(separator: " ").last.map(String.init) ?? ""
        return (try? Data(contentsOf: URL(fileURLWithPath: path))).map { [UInt8]($0) } ?? []
    }()

    @Test("is read of a whole one, with what it offers")
    func whole() throws {
        let shape = try SharedLibraryShape(of: Self.whole)
        #expect(shape.functions.contains("dispatch_async"))
        // What it needs of others it does not offer.
        #expect(!shape.functions.contains("malloc"))
    }

    @Test("names the function at an address, and none where there is none")
    func function() throws {
        let shape = try SharedLibraryShape(of: Self.whole)
        #expect(shape.function(at: 0) == nil)
        #expect(shape.function(at: .max) == nil)
        let place = try #require(shape.symbols.first { $0.isDefined && $0.name == "dispatch_async" })
        #expect(shape.function(at: place.address) == "dispatch_async")
        #expect(shape.function(at: place.address + place.size - 1) == "dispatch_async")
        #expect(shape.function(at: place.address + place.size) != "dispatch_async")
    }

    @Test("of one that ends too early is refused, wherever it ends")
    func truncated() {
        #expect(!Self.whole.isEmpty)
        for length in Array(0..<200) + Array(stride(from: 200, to: Self.whole.count, by: Self.whole.count / 97)) {
            #expect(throws: ModuleRefusal.self) { try SharedLibraryShape(of: Array(Self.whole.prefix(length))) }
        }
    }

    @Test("of bytes that somebody has changed is refused or read, and never ends the process")
    func changed() {
        var random = SplitMix(seed: 20)
        let (headers, sections) = (512, 4_096)
        var (read, refused) = (0, 0)
        for _ in 0..<300 {
            var bytes = Self.whole
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let isInSections = Bool.random(using: &random)
                let place =
                    isInSections
                    ? bytes.count - Int.random(in: 1...sections, using: &random)
                    : Int.random(in: 4..<headers, using: &random)
                bytes[place] = UInt8.random(in: 0...255, using: &random)
            }
            do {
                _ = try SharedLibraryShape(of: bytes).function(at: 0x1000)
                read += 1
            } catch {
                refused += 1
            }
        }
        // That the process is still there is what this is about; both happen.
        #expect(read > 0)
        #expect(refused > 0)
    }

    @Test(
        "of what is none says what it is",
        arguments: [
            ("", "is no shared library"), ("not a library", "is no shared library"),
            ("\u{7F}ELF", "is not a whole library"),
        ])
    func other(text: String, word: String) {
        let refusal = #expect(throws: ModuleRefusal.self) { try SharedLibraryShape(of: Array(text.utf8)) }
        #expect(refusal?.detail.contains(word) == true)
    }

    @Test(
        "of another machine's, of a program and of an object file are refused",
        arguments: [(18, 243), (16, 2), (16, 1), (4, 1), (5, 2)])
    func kinds(offset: Int, value: UInt8) {
        var bytes = Self.whole
        bytes[offset] = value
        #expect(throws: ModuleRefusal.self) { try SharedLibraryShape(of: bytes) }
    }
}
