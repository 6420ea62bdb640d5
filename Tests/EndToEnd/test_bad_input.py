"""No input, however broken, is a 5xx or changes anything; each is told exactly what is wrong.

What each input is told stands in bad_inputs.expected.json; `CONCORD_RECORD=1` writes the file anew, for review.
"""

import json
import os
import pathlib
import re

from bad_inputs import bad_tokens, cases
from harness import ConcordTest, at, position, trade

EXPECTED = pathlib.Path(__file__).with_name("bad_inputs.expected.json")


class BadInput(ConcordTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.host.put_account("acc", "U", time_zone="UTC+02:00")
        cls.host.ok("POST", "/api/v1/trades", cls.host.agent, [trade(ticket=1)])
        cls.host.snapshot("acc", at(0), [position(1)])

    def state(self):
        query = "?account_id=acc"
        return [self.host.ok("GET", f"/api/v1{path}{query}", self.host.operator) for path in (
            "/reconciliation/status", "/positions/open", "/positions/closed", "/reconciliation/breaks",
            "/reconciliation/runs", "/guards/drawdown", "/close-commands")]

    def test_each_is_refused_with_its_exact_error_and_changes_nothing(self):
        before = self.state()
        told = {}
        for name, method, path, body, headers in cases():
            token = self.host.operator if method in ("GET", "PUT") or "/breaks/" in path else self.host.agent
            answer = self.host.request(method, path, token, body, headers=headers)
            self.assertNotIn(name, told, "case names are unique")
            self.assertIn(answer.status, (400, 404, 405, 409, 413, 415, 422), f"{name}: {answer}")
            self.assertEqual(answer.headers["content-type"], "application/problem+json", name)
            problem = json.loads(answer.body)
            self.assertEqual(problem["status"], answer.status)
            self.assertTrue(problem["detail"] and problem["title"] and problem["request_id"], name)
            errors = json.loads(re.sub(r"(?<=is after )[0-9TZ:.-]+", "NOW", json.dumps(problem.get("errors", []))))
            told[name] = {"status": answer.status, "detail": problem["detail"], "errors": errors}
        self.assertGreaterEqual(len(told), 200)
        self.assertEqual(self.state(), before)
        if os.environ.get("CONCORD_RECORD"):
            EXPECTED.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")
        self.assertEqual(told, json.loads(EXPECTED.read_text()))

    def test_bad_tokens_are_401(self):
        for name, header in bad_tokens(self.host.token("U")).items():
            with self.subTest(name):
                headers = {"Authorization": header} if header is not None else {}
                answer = self.host.request("GET", "/api/v1/reconciliation/status", headers=headers)
                self.assertEqual(answer.status, 401, answer)
                self.assertIn("Bearer", answer.headers["www-authenticate"])

    def test_a_body_beyond_the_limit_is_413(self):
        body = b'{"account_id":"' + b"x" * (9 * 1024 * 1024) + b'"}'
        answer = self.host.request("POST", "/api/v1/snapshots", self.host.agent, body)
        self.assertEqual(answer.status, 413, answer)
