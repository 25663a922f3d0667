"""Selection and marks of tests. The fixtures of all tests are in tests/support/fixtures."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path

# Set before any import of TensorFlow: quiet and repeatable.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
if "PYTEST_XDIST_WORKER" in os.environ:
    # Workers share the cores. With threads for all cores in each, TensorFlow's would spin.
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
    os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")

import pytest

pytest_plugins = [
    "tests.support.fixtures.faces",
    "tests.support.fixtures.installations",
    "tests.support.fixtures.visitors",
]

NEED_DATA = pytest.StashKey[int]()
# Marks of tests outside `make check`.
NOT_QUICK = {"real_faces", "slow", "browser", "data", "long"}
MODULE_NOT_QUICK = re.compile(rf"^pytestmark = pytest\.mark\.({'|'.join(NOT_QUICK)})\b", re.M)
# The mark of every test that uses a fixture.
MARKS = {"real_engine": "real_faces", "postgresql": "slow", "artifacts": "slow"}


@pytest.fixture
def caplog(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Capture the log, including the app's lines, which do not propagate to the root logger."""
    logger = logging.getLogger("webapp")
    logger.propagate = False
    logger.addHandler(caplog.handler)
    yield caplog
    logger.removeHandler(caplog.handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help="only the tests of make check")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Skip the import of modules that are slow as a whole: they may load TensorFlow."""
    if not config.getoption("--quick") or not collection_path.name.startswith("test_"):
        return None
    return True if MODULE_NOT_QUICK.search(collection_path.read_text()) else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark tests by their fixtures; leave out what cannot run, or is not to."""
    _mark(items)
    if config.getoption("--quick"):
        _leave_out(config, items, [item for item in items if _marks(item) & NOT_QUICK])
    _leave_out_data(config, items)
    if os.environ.get("DATABASE", "sqlite") == "sqlite":
        return
    for item in items:
        if item.get_closest_marker("sqlite"):
            item.add_marker(pytest.mark.skip(reason="looks into SQLite's own file"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    left_out = terminalreporter.config.stash.get(NEED_DATA, 0)
    if left_out:
        from ml.lab.evaluation.protocols.photos import SHARED

        terminalreporter.write_line(
            f"{left_out} tests left out: {SHARED} is missing (FACES_DATA names another folder)"
        )


def _mark(items: list[pytest.Item]) -> None:
    for item in items:
        for fixture in MARKS.keys() & set(getattr(item, "fixturenames", ())):
            item.add_marker(MARKS[fixture])
        if item.get_closest_marker("long") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(0))


def _marks(item: pytest.Item) -> set[str]:
    return {mark.name for mark in item.iter_markers()}


def _leave_out(config: pytest.Config, items: list[pytest.Item], left: list[pytest.Item]) -> None:
    out = set(left)
    items[:] = [item for item in items if item not in out]
    config.hook.pytest_deselected(items=left)


def _leave_out_data(config: pytest.Config, items: list[pytest.Item]) -> None:
    needing = [item for item in items if item.get_closest_marker("data")]
    if not needing:
        return
    from ml.lab.evaluation.protocols.photos import SHARED

    if SHARED.is_dir():
        return
    config.stash[NEED_DATA] = len(needing)
    _leave_out(config, items, needing)
