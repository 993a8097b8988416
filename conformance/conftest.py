"""Options, markers and the server under test; how to run it stands in README.md."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

import pytest
import requests

from conformance import expectations, report
from conformance.client import Client

MARKERS = (
    "clause(name): the clause that the test checks, spelt 'PS3.18 10.6.1.2'",
    "optional: the Standard leaves it to the server",
    "practice: the Standard is silent or lenient, deployed clients rely on it",
    "extension: beyond the Standard",
    "harmful: may bring a weak server down",
    "strictly: only with --strict-standard",
    "leniently: only without --strict-standard",
)
LEVELS = ("optional", "practice", "extension")
SELFTESTS = expectations.HERE / "selftests"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("conformance")
    group.addoption("--base-url", help="the DICOMweb service root, http://host/dicom-web")
    group.addoption("--wado-uri-url", help="the WADO-URI service; default: 'wado' beside the root")
    group.addoption("--header", action="append", default=[], help="sent always: 'Name: value'")
    group.addoption("--expected-failures", type=Path, help="test ids with reasons, strict")
    group.addoption("--report-dir", type=Path, help="where report.md and report.json go")
    group.addoption(
        "--strict-standard",
        action="store_true",
        help="demand what the Standard says also where every client relies on leniency",
    )
    group.addoption("--delete", dest="delete", action="store_true", help="DELETE all at the end")
    group.addoption("--keep", dest="delete", action="store_false", help="leave it (default)")


def pytest_configure(config: pytest.Config) -> None:
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Recorder(config), "conformance-recorder")


def pytest_sessionstart(session: pytest.Session) -> None:
    """One sentence, rather than a thousand failures, where no server can be tested."""
    option = session.config.getoption
    base_url = option("base_url")
    if not base_url or session.config.option.collectonly or hasattr(session.config, "workerinput"):
        return
    try:
        response = Client(base_url, "", option("header")).get("/studies?limit=1")
    except (requests.RequestException, ValueError) as fault:
        raise pytest.UsageError(
            f"no server answers at {base_url}: {type(fault).__name__}"
        ) from None
    if response.status_code in (401, 403):
        raise pytest.UsageError(
            f"{base_url} answers {response.status_code}: --header 'Authorization: …' may help"
        )


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """The suite's own tests stay out of a run against a server."""
    against_a_server = config.getoption("base_url") or config.option.collectonly
    return True if collection_path == SELFTESTS and against_a_server else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    own = [item for item in items if item.path.is_relative_to(expectations.HERE)]
    own = [item for item in own if not item.path.is_relative_to(SELFTESTS)]
    if own and not (config.getoption("base_url") or config.option.collectonly):
        raise pytest.UsageError("--base-url is needed: the DICOMweb service root")
    unwanted = "leniently" if config.getoption("strict_standard") else "strictly"
    dropped = [item for item in own if item.get_closest_marker(unwanted)]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = [item for item in items if item not in dropped]
    path = config.getoption("expected_failures")
    expectations.apply(own, expectations.load(path) if path else {})
    for item in own:
        item.user_properties += [
            ("test", expectations.test_id(item)),
            ("clause", _clause(item)),
            ("level", next(filter(item.get_closest_marker, LEVELS), "required")),
        ]


def _clause(item: pytest.Item) -> str:
    mark = item.get_closest_marker("clause")
    if mark is None:
        raise pytest.UsageError(f"{item.nodeid} names no clause")
    return mark.args[0]


class Recorder:
    """Collects the outcomes, of all xdist workers too, and writes the report at the end."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.results: dict[str, report.Result] = {}
        self.stale: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        properties = dict(report.user_properties)
        test = properties.get("test")
        if test and (report.when == "call" or report.outcome != "passed"):
            self.results[test] = _result(report, properties)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        path = self.config.getoption("expected_failures")
        whole = not (self.config.option.keyword or self.config.option.markexpr)
        whole = whole and not any("::" in str(argument) for argument in self.config.args)
        whole = whole and not self.config.getoption("strict_standard")
        if path and whole and not session.shouldstop and not session.shouldfail:
            self.stale = expectations.stale(expectations.load(path), set(self.results))
        if self.stale:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for test in self.stale:
            terminalreporter.write_line(f"expected to fail, but no such test: {test}", red=True)
        folder = self.config.getoption("report_dir")
        if folder and self.results:
            report.write(folder, list(self.results.values()), self.config.getoption("base_url"))
            terminalreporter.write_line(f"report by clause: {folder / 'report.md'}")


def _result(outcome: pytest.TestReport, properties: dict[str, object]) -> report.Result:
    reason = ""
    if hasattr(outcome, "wasxfail") and outcome.outcome == "skipped":
        name, reason = "expected failure", outcome.wasxfail
    else:
        name = outcome.outcome
        crash = getattr(outcome.longrepr, "reprcrash", None)
        if name != "passed":
            reason = crash.message.partition("\n")[0] if crash else str(outcome.longrepr)
    clause, level = str(properties["clause"]), str(properties["level"])
    return report.Result(str(properties["test"]), clause, level, name, reason)


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest) -> Iterator[Client]:
    """The server under test."""
    option = request.config.getoption
    base_url = option("base_url")
    beside = urljoin(base_url.rstrip("/"), "wado")
    client = Client(base_url, option("wado_uri_url") or beside, option("header"))
    yield client
    if option("delete"):
        client.delete_what_was_stored()
