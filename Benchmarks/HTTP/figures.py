"""What a run tells: medians of its rounds, and what Concord counted itself."""

import collections
import statistics


class Counted:
    """What Concord's own counters say of the blocks of load on it."""

    def __init__(self, concord):
        self.concord, self.grown = concord, collections.Counter()

    def begin(self):
        self.before = self.concord.counters()

    def end(self):
        for series, value in self.concord.counters().items():
            self.grown[series] += value - self.before.get(series, 0)

    def check(self, blocks, options):
        answers = {series: value for series, value in self.grown.items()
                   if series.startswith("request_duration_seconds_count") and "/positions/" in series and value}
        total, sent = sum(answers.values()), sum(block.requests for block in blocks)
        if any('status="200"' not in series for series in answers):
            raise SystemExit(f"bench: Concord answered otherwise than by 200: {answers}")
        # wrk counts what has come back; at the end of a block every connection has one request under way.
        if not sent <= total <= sent + options.connections * len(blocks):
            raise SystemExit(f"bench: Concord counted {total:.0f} answers, and wrk {sent}")
        if options.cache == "none":
            return
        for layer in ["memory"] + (["redis"] if options.cache == "redis" else []):
            results = {}
            for series, value in self.grown.items():
                if series.startswith("cache_requests_total") and f'layer="{layer}"' in series and value:
                    result = series.partition('result="')[2].partition('"')[0]
                    results[result] = results.get(result, 0) + value
            share = results.get("hit", 0) / max(1, sum(results.values()))
            told = ", ".join(f"{name} {value:.0f}" for name, value in sorted(results.items()))
            print(f"look-ups in {layer}: {told}; hit ratio {share:.4f}")


def report(contenders, blocks):
    print(f"{'medians of the rounds':22} {'requests/s':>10} {'least':>8} {'most':>8} {'p50 ms':>7} {'p95 ms':>7} "
          f"{'p99 ms':>7} {'CPU µs':>7} {'peak MiB':>8}")
    for contender in contenders:
        figures = blocks[contender.name]
        rates = [block.rate for block in figures]
        print(f"{contender.name:22} {statistics.median(rates):10.0f} {min(rates):8.0f} {max(rates):8.0f} "
              f"{median(figures, 'p50'):7.2f} {median(figures, 'p95'):7.2f} {median(figures, 'p99'):7.2f} "
              f"{median(figures, 'processor_microseconds'):7.1f} {contender.memory('VmHWM') / 2**20:8.1f}")
    ours = blocks[contenders[0].name]
    for contender in contenders[1:]:
        theirs = blocks[contender.name]
        print(f"Concord / {contender.name}: {median(ours, 'rate') / median(theirs, 'rate'):.2f} of its requests/s, "
              f"{median(ours, 'processor_microseconds') / median(theirs, 'processor_microseconds'):.2f} of its CPU a request")


def median(blocks, name):
    return statistics.median(getattr(block, name) for block in blocks)
