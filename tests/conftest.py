from __future__ import annotations

import logging
import os
from collections.abc import Iterator

# Quiet and repeatable before TensorFlow is imported anywhere.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
if "PYTEST_XDIST_WORKER" in os.environ:
    # Workers share the cores: with threads for all of them each, TensorFlow's would spin.
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
    os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")

import numpy as np
import pytest

import ml
from ml.lab.evaluation.protocols.photos import SHARED
from tests.support import faces

NEED_DATA = pytest.StashKey[int]()


@pytest.fixture
def caplog(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """What is logged, the app's lines included, which go to no other logger."""
    logger = logging.getLogger("webapp")
    logger.propagate = False
    logger.addHandler(caplog.handler)
    yield caplog
    logger.removeHandler(caplog.handler)


@pytest.fixture(scope="session")
def engine() -> ml.Engine:
    """The shipped default model, warmed once for the whole run."""
    loaded = ml.load_engine()
    loaded.warm_up()
    return loaded


@pytest.fixture(scope="session")
def people() -> tuple[faces.Person, ...]:
    """People with several real photos each."""
    return faces.people()


@pytest.fixture(scope="session")
def chips() -> np.ndarray:
    """Crops of the public-domain portraits, uint8 (4, 150, 150, 3): input for networks."""
    portraits = [faces.opened(person.photos[0]) for person in faces.portraits()]
    boxes = ((150, 20, 300, 170), (160, 40, 340, 220))
    crops = [image.crop(box).resize((150, 150)) for image in portraits for box in boxes]
    return np.stack([np.asarray(crop, np.uint8) for crop in crops])


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs the data sets or SQLite's own file where these are missing."""
    _leave_out_data(config, items)
    for item in items:
        if item.get_closest_marker("long") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(0))
    if os.environ.get("DATABASE", "sqlite") == "sqlite":
        return
    for item in items:
        if item.get_closest_marker("sqlite"):
            item.add_marker(pytest.mark.skip(reason="looks into SQLite's own file"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    left_out = terminalreporter.config.stash.get(NEED_DATA, 0)
    if left_out:
        terminalreporter.write_line(
            f"{left_out} tests left out: {SHARED} is missing (FACES_DATA names another folder)"
        )


def _leave_out_data(config: pytest.Config, items: list[pytest.Item]) -> None:
    if SHARED.is_dir():
        return
    needing = [item for item in items if item.get_closest_marker("data")]
    items[:] = [item for item in items if not item.get_closest_marker("data")]
    config.stash[NEED_DATA] = len(needing)
    config.hook.pytest_deselected(items=needing)
