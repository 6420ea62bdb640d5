"""The audit log as operators read it, and the chain that shows whether somebody changed it behind Concord's back."""

import unittest

from harness import ConcordTest, eventually


class Audit(ConcordTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for number in range(5):
            cls.host.put_account(f"acc-{number}", "ann")

    def ask(self, path="", token=None):
        return self.host.request("GET", f"/admin/audit{path}", token or self.host.operator, port=self.host.admin_port)

    def seal(self):
        """Lets the next start find the job due."""
        self.host.stop()
        self.host.change("DELETE FROM jobs WHERE job = 'audit-sealing'")
        self.host.serve()
        eventually(lambda: self.verification()["unsealed"] == "0")

    def verification(self):
        answer = self.ask("/verification")
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def test_every_change_is_listed_newest_first_in_pages(self):
        objects, path = [], "?action=account.put&limit=2"
        while path:
            page = self.ask(path).json
            self.assertLessEqual(len(page["entries"]), 2)
            objects += [entry["object"] for entry in page["entries"]]
            cursor = page["next_cursor"]
            path = cursor and f"?action=account.put&limit=2&cursor={cursor}"
        self.assertEqual(objects, [f"account:acc-{number}" for number in (4, 3, 2, 1, 0)])
        entry = self.ask("?object=account:acc-3").json["entries"][0]
        self.assertEqual((entry["actor"], entry["before"], entry["after"]["account_id"]), ("root", None, "acc-3"))

    def test_what_was_ordered_of_the_cache_is_there_at_once(self):
        self.host.ok("POST", "/admin/cache/clear", self.host.operator, port=self.host.admin_port,
                     headers={"X-Request-Id": "the-clearing"})
        entries = self.ask("?request_id=the-clearing").json["entries"]
        self.assertEqual([(entry["action"], entry["after"]) for entry in entries], [("cache.clear", {"tags": ["*"]})])
        self.assertEqual(self.ask("?actor=ann").json, {"entries": [], "next_cursor": None})

    def test_only_operators_read_it_and_bad_questions_are_refused(self):
        for path in ("", "/verification"):
            self.assertEqual(self.ask(path, self.host.token("ann")).status, 403)
            self.assertEqual(self.ask(path, self.host.agent).status, 403)
            self.assertEqual(self.host.get(f"/admin/audit{path}", self.host.operator).status, 404)
        for query in ("?limit=0", "?acter=root", "?from=yesterday", "?cursor=abc"):
            self.assertEqual(self.ask(query).status, 400, query)

    def test_rows_are_sealed_and_what_is_changed_afterwards_is_found(self):
        self.seal()
        verified = self.verification()
        self.assertEqual((verified["intact"], verified["findings"]), (True, []))
        self.assertGreaterEqual(int(verified["entries"]), 5)
        self.assertGreaterEqual(int(verified["last_seal"]), 1)
        self.assertEqual(len(verified["digest"]), 64)
        self.assertTrue(all(entry["seal"] for entry in self.ask().json["entries"]))

        self.host.change("UPDATE audit_logs SET actor = 'mallory' WHERE object = 'account:acc-1'")
        found = self.verification()
        self.assertFalse(found["intact"])
        self.assertEqual([finding["detail"] for finding in found["findings"]], ["does not fit its digest"])
        self.host.change("UPDATE audit_logs SET actor = 'root' WHERE object = 'account:acc-1'")
        self.assertTrue(self.verification()["intact"])
        # New rows go behind those that are sealed.
        self.host.put_account("acc-late", "bob")
        self.seal()
        later = self.verification()
        self.assertEqual((later["intact"], int(later["seals"])), (True, int(verified["seals"]) + 1))


if __name__ == "__main__":
    unittest.main()
