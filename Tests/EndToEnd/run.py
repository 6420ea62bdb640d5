"""Runs every test of this folder, or of the files named, and closes with the count."""

import sys
import unittest

suite = unittest.TestSuite(
    unittest.defaultTestLoader.discover(".", pattern=pattern) for pattern in sys.argv[1:] or ["test_*.py"])
result = unittest.TextTestRunner(verbosity=2, stream=sys.stdout).run(suite)
failed = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
print(f"{result.testsRun - failed} passed, {failed} failed")
sys.exit(0 if result.testsRun > 0 and failed == 0 and not result.skipped else 1)
