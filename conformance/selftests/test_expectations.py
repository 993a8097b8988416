"""Expected failures are strict, and say why."""

import http.server
import subprocess
import sys
import threading

import pytest

from conformance import expectations

PASSES = "service/test_status.py::test_an_unknown_study_is_404[/metadata]"
FAILS = "service/test_capabilities.py::test_capabilities_are_given_as_json"


@pytest.fixture(scope="module")
def nothing():
    """A server that knows nothing: 404 for everything."""

    class Nothing(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_error(404)

        def do_OPTIONS(self):
            self.send_error(404)

        def log_message(self, *words):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Nothing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/dicom-web"
        server.shutdown()


def run(nothing, tmp_path, expected, *tests):
    file = tmp_path / "expected.txt"
    file.write_text(expected, "utf-8")
    selected = [str(expectations.HERE / test) for test in tests]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *selected]
    options = ["--base-url", nothing, "--expected-failures", str(file)]
    done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout


def test_a_failure_that_was_expected_does_not_fail_the_run(nothing, tmp_path):
    assert run(nothing, tmp_path, f"{FAILS}  # knows nothing\n", FAILS)[0] == 0


def test_a_failure_that_was_not_expected_fails_the_run(nothing, tmp_path):
    assert run(nothing, tmp_path, "", FAILS)[0] == 1


def test_a_test_that_begins_to_pass_fails_the_run_until_its_line_is_removed(nothing, tmp_path):
    code, output = run(nothing, tmp_path, f"{PASSES}  # was wrong once\n", PASSES)
    assert code == 1
    assert "XPASS(strict)" in output
    assert run(nothing, tmp_path, "", PASSES)[0] == 0


def test_a_test_that_would_bring_the_server_down_can_be_left_out(nothing, tmp_path):
    code, output = run(nothing, tmp_path, f"{PASSES}  # not run: it dies of it\n", PASSES)
    assert code == 0
    assert "1 xfailed" in output


def test_a_line_that_names_no_test_fails_the_run(nothing, tmp_path):
    line = "service/test_capabilities.py::test_that_never_was  # gone\n"
    code, output = run(nothing, tmp_path, line, "service/test_capabilities.py")
    assert code == 1
    assert "no such test: service/test_capabilities.py::test_that_never_was" in output


@pytest.mark.parametrize(
    "text", ["a.py::test_b\n", "a.py::test_b #\n", "a.py::test_b  # x\na.py::test_b  # y\n"]
)
def test_a_line_without_a_reason_or_twice_is_refused(tmp_path, text):
    file = tmp_path / "expected.txt"
    file.write_text(text, "utf-8")
    with pytest.raises(expectations.WrongLine):
        expectations.load(file)


@pytest.fixture(scope="module")
def known():
    command = [sys.executable, "-m", "pytest", str(expectations.HERE), "--collect-only", "-q"]
    listing = subprocess.run(command, capture_output=True, text=True, timeout=300).stdout
    return {line.partition("conformance/")[2] or line for line in listing.splitlines()}


@pytest.mark.parametrize("server", ["orthanc", "lightbox"])
def test_the_files_of_known_servers_name_tests_that_exist(server, known):
    expected = expectations.load(expectations.HERE / "expected_failures" / f"{server}.txt")
    assert set(expected) - known == set()
