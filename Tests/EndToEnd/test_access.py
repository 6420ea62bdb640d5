"""Who may see and do what: every role on every route."""

from harness import ConcordTest, at, position, trade


class Roles(ConcordTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        host = cls.host
        for account, user in (("mine", "ann"), ("theirs", "bob")):
            host.put_account(account, user)
            host.ok("POST", "/api/v1/trades", host.agent, [trade("t-1", account, ticket=1)])
            host.snapshot(account, at(0), [position(1, volume=0.05)], account={"balance": 100, "equity": 105})
            host.snapshot(account, at(1), [position(1, volume=0.05), position(2)])
        cls.objects = {}
        for account in ("mine", "theirs"):
            query = f"?account_id={account}"
            cls.objects[account] = {
                "position_id": host.ok("GET", f"/api/v1/positions/open{query}", host.operator)["positions"][0]["position_id"],
                "break_id": host.breaks(account)[0]["id"],
                "run_id": host.ok("GET", f"/api/v1/reconciliation/runs{query}", host.operator)["runs"][0]["run_id"],
            }
        cls.callers = {
            "user": host.token("ann"),
            "agent": host.token("bot-1", "agent", accounts=["mine"]),
            "operator": host.operator,
        }

    LISTS = [
        "/reconciliation/status", "/reconciliation/logs", "/reconciliation/breaks", "/reconciliation/runs",
        "/positions/open", "/positions/closed", "/guards/drawdown", "/guards/market", "/guards/status", "/guards/history",
        "/close-commands",
    ]
    OBJECTS = [
        "/positions/{position_id}", "/reconciliation/breaks/{break_id}", "/reconciliation/breaks/{break_id}/events",
        "/reconciliation/runs/{run_id}",
    ]

    def status(self, method, path, role, body=None):
        token = self.callers.get(role)
        return self.host.request(method, f"/api/v1{path}", token, body).status

    def test_lists(self):
        for path in self.LISTS:
            for role, account, expected in [
                ("user", "mine", 200), ("user", "theirs", 404), ("user", "absent", 404), ("user", None, 200),
                ("agent", "mine", 200), ("agent", "theirs", 404), ("agent", "absent", 404), ("agent", None, 400),
                ("operator", "mine", 200), ("operator", "theirs", 200), ("operator", "absent", 404),
                ("operator", None, 400), ("nobody", "mine", 401), ("nobody", None, 401),
            ]:
                with self.subTest(path=path, role=role, account=account):
                    query = f"?account_id={account}" if account else ""
                    self.assertEqual(self.status("GET", path + query, role), expected)

    def test_objects_of_others_are_404_on_every_route(self):
        for template in self.OBJECTS:
            mine, theirs = (template.format(**self.objects[a]) for a in ("mine", "theirs"))
            for path, role, account, expected in [
                (mine, "user", None, 200), (mine, "user", "mine", 200), (theirs, "user", None, 404),
                (theirs, "user", "theirs", 404), (theirs, "user", "mine", 404),
                (mine, "agent", "mine", 200), (theirs, "agent", "mine", 404), (theirs, "agent", "theirs", 404),
                (mine, "agent", None, 400), (theirs, "operator", "theirs", 200), (theirs, "operator", "mine", 404),
                (mine, "nobody", None, 401),
            ]:
                with self.subTest(path=path, role=role, account=account):
                    query = f"?account_id={account}" if account else ""
                    self.assertEqual(self.status("GET", path + query, role), expected)

    def test_accounts(self):
        for path, role, expected in [
            ("/accounts/mine", "user", 200), ("/accounts/theirs", "user", 404), ("/accounts/mine", "agent", 200),
            ("/accounts/theirs", "agent", 404), ("/accounts/theirs", "operator", 200), ("/accounts/absent", "operator", 404),
            ("/accounts/theirs/equity", "user", 404), ("/accounts/mine/equity", "user", 200),
            ("/accounts/mine", "nobody", 401),
        ]:
            with self.subTest(path=path, role=role):
                self.assertEqual(self.status("GET", path, role), expected)
        listed = {role: [a["account_id"] for a in self.host.ok("GET", "/api/v1/accounts", token)["accounts"]]
                  for role, token in self.callers.items()}
        self.assertEqual(listed, {"user": ["mine"], "agent": ["mine"], "operator": ["mine", "theirs"]})

    def test_writes(self):
        snapshot = {"as_of": at(2), "completeness": "complete", "positions": []}
        account = {"user_id": "bob", "currency": "USD", "snapshot_interval": "manual"}
        statement = "/statements?account_id="
        for method, path, body, expected in [
            ("POST", "/snapshots", {**snapshot, "account_id": "theirs"}, {"user": 403, "agent": 404, "nobody": 401}),
            ("POST", "/trades", [trade("t-9", "theirs")], {"user": 403, "agent": 404, "nobody": 401}),
            ("POST", "/signals", [], {"user": 403, "nobody": 401}),
            ("POST", "/approvals", [], {"user": 403, "nobody": 401}),
            ("POST", statement + "theirs", {}, {"user": 403, "agent": 404, "nobody": 401}),
            ("PUT", "/accounts/theirs", account, {"user": 403, "agent": 404, "nobody": 401}),
            ("PUT", "/accounts/mine", account, {"agent": 409}),
            ("PUT", "/instruments/XAUUSD", {}, {"user": 403, "nobody": 401}),
            ("POST", "/close-commands/lease", {"account_id": "theirs", "limit": 1, "seconds": 1},
             {"user": 403, "operator": 403, "agent": 404, "nobody": 401}),
            ("POST", "/close-commands/cmd-none/confirm", {"close_price": 1, "closed_at": at(0)},
             {"user": 403, "operator": 403, "agent": 404, "nobody": 401}),
            ("POST", "/close-commands/cmd-none/fail", {"reason": "x"},
             {"user": 403, "operator": 403, "agent": 404, "nobody": 401}),
            ("POST", "/reconciliation/runs", {"account_id": "theirs"}, {"user": 403, "agent": 404, "nobody": 401}),
        ]:
            for role, code in expected.items():
                with self.subTest(path=path, role=role):
                    headers = {"Content-Type": "text/html"} if "statements" in path else None
                    answer = self.host.request(method, f"/api/v1{path}", self.callers.get(role), body, headers=headers)
                    self.assertEqual(answer.status, code, answer)
        theirs = self.host.ok("GET", "/api/v1/reconciliation/status?account_id=theirs", self.host.operator)
        self.assertEqual(theirs["total_syncs"], "2")

    def test_the_admin_listener_is_for_operators(self):
        for path in ("/admin/modules", "/admin/modules/book", "/admin/config", "/admin/cache"):
            codes = [self.host.request("GET", path, self.callers.get(role), port=self.host.admin_port).status
                     for role in ("nobody", "user", "agent", "operator")]
            with self.subTest(path=path):
                self.assertEqual(codes, [401, 403, 403, 200])
        self.assertEqual(self.host.request("GET", "/admin/modules", self.host.operator).status, 404)

    def test_a_wrong_method_is_405_with_allow(self):
        for path, allow in [("/reconciliation/status", "GET, HEAD"), ("/snapshots", "POST"), ("/accounts/mine", "GET, HEAD, PUT")]:
            answer = self.host.request("DELETE", f"/api/v1{path}", self.host.operator)
            with self.subTest(path=path):
                self.assertEqual((answer.status, answer.headers.get("allow")), (405, allow))
