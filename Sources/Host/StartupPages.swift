import Glibc

/// Pages of the program and its libraries that only the start has needed.
///
/// The dynamic linker and the Swift runtime go through most of the program once. What they have mapped on the way counts as
/// the process' memory from then on, although nobody looks at it again. Given back, it stays in the system's file cache and
/// is mapped again, page by page, when it is needed.
enum StartupPages {
    static func giveBack() {
        for range in code(in: memoryMap()) {
            // Of no effect when the system refuses: the pages just stay.
            _ = madvise(UnsafeMutableRawPointer(bitPattern: range.lowerBound), range.count, MADV_DONTNEED)
        }
    }

    /// Where files are mapped that can be run and not be written to. Others may have been changed since they were mapped, as
    /// relocated data is, and could not be read from their file again.
    ///
    /// - Parameter map: Lines as in `/proc/self/maps`: `7f00-7f10 r-xp 00000000 08:01 42 /usr/lib/libc.so.6`.
    static func code(in map: String) -> [Range<UInt>] {
        map.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
            guard fields.count == 6, fields[1] == "r-xp", fields[5].drop(while: { $0 == " " }).first == "/" else {
                return nil
            }
            let ends = fields[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
            return ends.count == 2 && ends[0] < ends[1] ? ends[0]..<ends[1] : nil
        }
    }

    private static func memoryMap() -> String {
        let file = open("/proc/self/maps", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "" }
        defer { close(file) }
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while case let count = read(file, &buffer, buffer.count), count > 0 { text += buffer[..<count] }
        return String(decoding: text, as: UTF8.self)
    }
}
