"""The load that users were promised an answer under: 100 of them, who ask, think for half a second to two, and ask again.

CONCORD_TOKENS names a file with a token of one user a line; each simulated user takes the next. An answer that is not 200
is a failure, as is one without a body in JSON.
"""

import itertools
import os
import pathlib

from locust import FastHttpUser, LoadTestShape, between, task

TOKENS = itertools.cycle(pathlib.Path(os.environ["CONCORD_TOKENS"]).read_text().split())


class Trader(FastHttpUser):
    wait_time = between(0.5, 2)

    def on_start(self):
        self.headers = {"Authorization": f"Bearer {next(TOKENS)}"}

    @task(5)
    def status(self):
        self.ask("/api/v1/reconciliation/status")

    @task(3)
    def positions(self):
        self.ask("/api/v1/positions/open")

    @task(2)
    def guards(self):
        self.ask("/api/v1/guards/status")

    def ask(self, path):
        with self.client.get(path, headers=self.headers, catch_response=True) as answer:
            if answer.status_code != 200:
                answer.failure(f"{answer.status_code}: {answer.text}")
            elif not isinstance(answer.json(), dict):
                answer.failure("no JSON object")


class Ramp(LoadTestShape):
    """Ten users more every second until there are a hundred, for a minute and a half in all."""

    USERS, USERS_A_SECOND, SECONDS = 100, 10, 90

    def tick(self):
        return (self.USERS, self.USERS_A_SECOND) if self.get_run_time() < self.SECONDS else None
