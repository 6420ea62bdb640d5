import Glibc
import PluginAPI

/// The `process_*` figures that Prometheus clients usually show, read from `/proc` at each exposition.
///
/// Reading `/proc` is a copy out of kernel memory and waits for no device.
struct ProcessMetrics: Sendable {
    private let cpu: AtomicGauge
    private let resident: any Gauge
    private let virtual: any Gauge
    private let threads: any Gauge
    private let openFiles: any Gauge
    private let openFilesMax: any Gauge

    /// Registers the figures; they are read whenever `registry` is.
    static func register(in registry: MetricsRegistry, startedAt: Timestamp) {
        let metrics = ProcessMetrics(registry)
        registry.gauge(
            "process_start_time_seconds", help: "When the process started, in seconds since 1970.", labels: []
        )
        .set(Double(startedAt.microseconds) / 1_000_000)
        registry.onCollection(of: "process") { metrics.collect() }
    }

    private init(_ registry: MetricsRegistry) {
        cpu = registry.fractionalCounter("process_cpu_seconds_total", help: "Processor time spent, in seconds.")
        resident = registry.gauge("process_resident_memory_bytes", help: "Memory in RAM.", labels: [])
        virtual = registry.gauge("process_virtual_memory_bytes", help: "Memory mapped.", labels: [])
        threads = registry.gauge("process_threads", help: "Threads.", labels: [])
        openFiles = registry.gauge("process_open_fds", help: "Open file descriptors.", labels: [])
        openFilesMax = registry.gauge("process_max_fds", help: "File descriptors the process may open.", labels: [])
    }

    private func collect() {
        var usage = rusage()
        if getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 {
            cpu.set(Self.seconds(usage.ru_utime) + Self.seconds(usage.ru_stime))
        }
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            openFilesMax.set(Double(limit.rlim_cur))
        }
        openFiles.set(Double(Self.entries(of: "/proc/self/fd")))
        collectStat()
    }

    /// Fields are counted behind the command's closing parenthesis, because a command may hold spaces.
    private func collectStat() {
        guard let stat = Self.contents(of: "/proc/self/stat"), let end = stat.lastIndex(of: ")") else { return }
        let fields = stat[end...].split(separator: " ")
        guard fields.count > 22, let pages = Double(fields[22]), let bytes = Double(fields[21]),
            let count = Double(fields[18])
        else { return }
        resident.set(pages * Double(sysconf(Int32(_SC_PAGESIZE))))
        virtual.set(bytes)
        threads.set(count)
    }

    private static func seconds(_ time: timeval) -> Double {
        Double(time.tv_sec) + Double(time.tv_usec) / 1_000_000
    }

    private static func contents(of path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: 4_096)
        let count = read(file, &buffer, buffer.count)
        return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
    }

    /// Without `.`, `..` and the descriptor that does the counting.
    private static func entries(of path: String) -> Int {
        guard let directory = opendir(path) else { return 0 }
        defer { closedir(directory) }
        var count = -3
        while readdir(directory) != nil { count += 1 }
        return max(0, count)
    }
}
