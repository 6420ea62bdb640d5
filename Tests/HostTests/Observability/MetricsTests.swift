import PluginAPI
import Testing

@testable import Host

@Suite("Metrics")
struct MetricsTests {
    private func text(_ registry: MetricsRegistry) -> String {
        String(decoding: MetricsText(registry.snapshot()).bytes, as: UTF8.self)
    }

    @Test("Counters, gauges and histograms are shown as Prometheus reads them")
    func exposition() {
        let registry = MetricsRegistry()
        registry.counter("a_total", help: "Back\\slash and\nline.", labels: [("z", "1"), ("b", "q\"\\\n")]).increment(
            by: 3)
        registry.gauge("b_bytes", help: "B.", labels: []).set(1.5)
        let histogram = registry.histogram("c_seconds", help: "C.", labels: [("x", "y")], buckets: [0.5, 1])
        for value in [0.25, 0.5, 0.75, 2] { histogram.record(value) }
        registry.untyped("d_total", help: "D.", labels: []).set(2)

        #expect(
            text(registry) == #"""
                # HELP a_total Back\\slash and\nline.
                # TYPE a_total counter
                a_total{b="q\"\\\n",z="1"} 3
                # HELP b_bytes B.
                # TYPE b_bytes gauge
                b_bytes 1.5
                # HELP c_seconds C.
                # TYPE c_seconds histogram
                c_seconds_bucket{x="y",le="0.5"} 2
                c_seconds_bucket{x="y",le="1"} 3
                c_seconds_bucket{x="y",le="+Inf"} 4
                c_seconds_sum{x="y"} 3.5
                c_seconds_count{x="y"} 4
                # HELP d_total D.
                # TYPE d_total untyped
                d_total 2

                """#)
    }

    @Test("The same name and labels give the same meter, in any order of labels")
    func sameMeter() {
        let registry = MetricsRegistry()

        registry.counter("a_total", help: "A.", labels: [("x", "1"), ("y", "2")]).increment()
        registry.counter("a_total", help: "Another help.", labels: [("y", "2"), ("x", "1")]).increment()

        #expect(text(registry).contains(#"a_total{x="1",y="2"} 2"#))
    }

    @Test("A name asked for as another type keeps its first type and spoils nothing")
    func conflictingType() {
        let registry = MetricsRegistry()
        registry.counter("a_total", help: "A.", labels: []).increment()

        registry.gauge("a_total", help: "A.", labels: []).set(7)

        #expect(text(registry).contains("# TYPE a_total counter\na_total 1\n"))
    }

    @Test("Counters never fall, and nothing that is not a number is recorded")
    func oddValues() {
        let registry = MetricsRegistry()
        let counter = registry.counter("a_total", help: "A.", labels: [])
        counter.increment(by: -5)
        registry.histogram("b_seconds", help: "B.", labels: [], buckets: [1]).record(.nan)

        #expect(text(registry).contains("a_total 0\n") && text(registry).contains("b_seconds_count 0\n"))
    }

    @Test(
        "The contract's metrics are there before anything happens",
        arguments: [
            "# TYPE request_duration_seconds histogram", "http_requests_in_progress 0", "errors_total 0",
            "pg_queries_total 0", "# TYPE redis_keys_total untyped", #"redis_keys_total{db="0"} 0"#,
            "mt5_position_sync_total 0", #"reconciliation_divergences_total{reason="broker_closed"} 0"#,
            "drawdown_guard_triggers_total 0", #"positions_autoclosed_total{reason="drawdown"} 0"#,
            "reconciliation_latency_seconds_count 0", "# TYPE cache_requests_total counter",
            "# TYPE storage_queries_total counter", "storage_query_duration_seconds_count 0",
            #"storage_pool_connections{state="busy"} 0"#, "# TYPE module_status gauge",
            "# TYPE module_calls_total counter", "# TYPE recon_breaks gauge", "recon_oldest_break_seconds 0",
            "recon_snapshot_age_seconds 0", #"recon_runs_total{verdict="reconciled"} 0"#, "config_generation 0",
            "process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds",
            "process_start_time_seconds",
        ]
    )
    func contractMetrics(line: String) {
        let registry = MetricsRegistry()
        ContractMetrics.register(in: registry)
        ProcessMetrics.register(in: registry, startedAt: Timestamp(seconds: 1_000))

        #expect(text(registry).contains(line))
    }

    @Test("The process has memory, threads and open files")
    func processFigures() {
        let registry = MetricsRegistry()
        ProcessMetrics.register(in: registry, startedAt: Timestamp(seconds: 1_000))

        for name in ["process_resident_memory_bytes", "process_threads", "process_open_fds", "process_max_fds"] {
            let line = text(registry).split(separator: "\n").first { $0.hasPrefix("\(name) ") }
            #expect(line.flatMap { Double($0.split(separator: " ")[1]) } ?? 0 > 0)
        }
    }

    @Test("A module has one status at a time")
    func moduleStatus() {
        let registry = MetricsRegistry()
        let meters = ModuleStatusMeters(registry: registry)

        meters.report(.ok, of: "book")
        meters.report(.failed(reason: "x"), of: "book")

        #expect(text(registry).contains(#"module_status{module="book",status="failed"} 1"#))
        #expect(text(registry).contains(#"module_status{module="book",status="ok"} 0"#))
    }

    @Test("Nothing is lost when many count at once")
    func concurrency() async {
        let registry = MetricsRegistry()
        let (counter, gauge) = (
            registry.counter("a_total", help: "A.", labels: []), registry.atomicGauge("b", help: "B.")
        )

        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<1_000 {
                        counter.increment()
                        gauge.add(1)
                    }
                }
            }
        }

        #expect(text(registry).contains("a_total 8000\n") && gauge.value == 8_000)
    }
}
