"""Runs every test of this folder and closes with the count."""

import sys
import unittest

suite = unittest.defaultTestLoader.discover(".", pattern=(sys.argv[1] if len(sys.argv) > 1 else "test_*.py"))
result = unittest.TextTestRunner(verbosity=2, stream=sys.stdout).run(suite)
failed = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
print(f"{result.testsRun - failed} passed, {failed} failed")
sys.exit(0 if result.testsRun > 0 and failed == 0 and not result.skipped else 1)
