"""A test runner for MicroPython: `micropython run.py test_a.py ...` calls all test_* of each file."""

import sys


def run_file(path: str) -> tuple[int, int]:
    """Import the file and call its tests by name; return (passed, failed)."""
    folder, _, file = path.rpartition("/")
    name = file[:-3] if file.endswith(".py") else file
    sys.path.insert(0, folder or ".")
    try:
        return run_tests(path, __import__(name))
    except Exception as error:
        report(path, "import", error)
        return 0, 1
    finally:
        sys.path.pop(0)
        sys.modules.pop(name, None)


def run_tests(path: str, module: object) -> tuple[int, int]:
    """Call the tests of a module by name; return (passed, failed). None at all counts as a failure."""
    tests = sorted(word for word in dir(module) if word.startswith("test_"))
    if not tests:
        print(path, "has no tests")
        return 0, 1
    passed = sum([run_test(path, word, getattr(module, word)) for word in tests])
    return passed, len(tests) - passed


def run_test(path: str, name: str, test: object) -> bool:
    """Call one test; return whether it passed. One that returns something did not run (async, generator)."""
    try:
        answer = test()
        assert answer is None, "a test must return nothing; is it async?"
    except Exception as error:
        report(path, name, error)
        return False
    return True


def report(path: str, name: str, error: Exception) -> None:
    """Print which test failed, and where."""
    print("FAILED", path, name)
    sys.print_exception(error, sys.stdout)


def main(paths: list[str]) -> int:
    """Run all files; return the exit code: 0 only when something ran and nothing failed."""
    passed = failed = 0
    for path in paths:
        more_passed, more_failed = run_file(path)
        passed += more_passed
        failed += more_failed
    print(passed, "passed,", failed, "failed")
    return 0 if passed and not failed else 1


sys.exit(main(sys.argv[1:]))
