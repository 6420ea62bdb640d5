"""The slowest requests of many blocks together, and how far the ratio of two such p99 is known."""

import math
import random
import statistics

# Times are counted in steps of half a percent.
STEP = math.log(1.005)
# How often the rounds are drawn anew for an interval, and the share of the draws that lies in it.
DRAWS, SHARE = 500, 0.9


class Pool:
    """How often each time was taken, round by round."""

    def __init__(self, rounds):
        """`rounds` are such counts, one for each round, by times in milliseconds."""
        self.totals, rows = [sum(counts.values()) for counts in rounds], {}
        for number, counts in enumerate(rounds):
            for time, count in counts.items():
                rows.setdefault(round(math.log(time) / STEP), [0] * len(rounds))[number] += count
        self.rows = sorted(rows.items())

    @property
    def longest(self):
        return math.exp(self.rows[-1][0] * STEP)

    def slowest(self, share, weights=None):
        """What this share of the requests have exceeded, in milliseconds. `weights` are how often each round counts, once where they
        are not given."""
        weights = weights or [1] * len(self.totals)
        left = share * sum(map(int.__mul__, weights, self.totals))
        for step, row in reversed(self.rows):
            left -= sum(map(int.__mul__, weights, row))
            if left < 0:
                return math.exp(step * STEP)
        raise ValueError("nothing was asked")


def ratio(one, other, seed=1):
    """Of two pools' p99, and between which two values it lies in nine of ten draws of as many rounds with repetition: the
    percentile bootstrap (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13). A round is drawn for both,
    since what disturbs one of its blocks often disturbs the next."""
    count, chance, values = len(one.totals), random.Random(seed), []
    for _ in range(DRAWS):
        weights = [0] * count
        for number in chance.choices(range(count), k=count):
            weights[number] += 1
        values.append(one.slowest(0.01, weights) / other.slowest(0.01, weights))
    edges = statistics.quantiles(values, n=round(2 / (1 - SHARE)))
    return one.slowest(0.01) / other.slowest(0.01), edges[0], edges[-1]
