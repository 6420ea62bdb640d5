import Glibc

/// The memory that this process holds, as the kernel counts it.
enum ProcessMemory {
    /// By how many bytes the process grew at most while `body` ran. What was freed before is used again and does not show,
    /// so this is measured first.
    static func peakGrowth(_ body: () throws -> Void) throws -> Int {
        // Lets the peak start from here.
        if let file = fopen("/proc/self/clear_refs", "w") {
            fputs("5", file)
            fclose(file)
        }
        let before = try figure("VmRSS:")
        try body()
        return try figure("VmHWM:") - before
    }

    /// A line of `/proc/self/status`, in bytes.
    private static func figure(_ name: String) throws -> Int {
        guard let file = fopen("/proc/self/status", "r") else {
            throw BenchmarkFailure(problem: "the process cannot read its own status")
        }
        defer { fclose(file) }
        var buffer = [UInt8](repeating: 0, count: 16_384)
        let count = fread(&buffer, 1, buffer.count, file)
        let lines = String(decoding: buffer[..<count], as: UTF8.self).split(separator: "\n")
        guard let line = lines.first(where: { $0.hasPrefix(name) }),
            let kilobytes = line.split(whereSeparator: { !$0.isNumber }).first.flatMap({ Int($0) })
        else { throw BenchmarkFailure(problem: "the kernel tells no \(name)") }
        return kilobytes * 1_024
    }
}
