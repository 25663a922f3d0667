"""The fixtures of all tests. A fixture imports slow modules itself, so that only its tests wait."""

from __future__ import annotations

import logging
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

# Set before any import of TensorFlow: quiet and repeatable.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
if "PYTEST_XDIST_WORKER" in os.environ:
    # Workers share the cores. With threads for all cores in each, TensorFlow's would spin.
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
    os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")

import numpy as np
import pytest

from tests.support.changed import changed

if TYPE_CHECKING:
    from uuid import UUID

    from flask import Flask
    from siamese_faces import Client

    import ml
    from tests.support import faces
    from tests.support.fake_engine import FakeEngine
    from tests.support.installation import Visitor
    from tests.support.postgresql import Postgresql
    from webapp.settings import Settings

NEED_DATA = pytest.StashKey[int]()
# Index of the person whose photos `enrol` uses for a name; other names use the second person.
PEOPLE = {"ada": 0, "bob": 1}
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


# Faces


@pytest.fixture(scope="session")
def real_engine() -> ml.Engine:
    """Return the shipped default model, warmed once for the whole run."""
    import ml

    loaded = ml.load_engine()
    loaded.warm_up()
    return loaded


@pytest.fixture(scope="session")
def fake_engine() -> FakeEngine:
    """Return an engine that reads labels of pictures."""
    from tests.support.fake_engine import FakeEngine

    return FakeEngine()


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> ml.Engine:
    """Return the shipped default model in tests marked `real_faces`, else the fake one."""
    is_real = request.node.get_closest_marker("real_faces")
    return request.getfixturevalue("real_engine" if is_real else "fake_engine")


@pytest.fixture(scope="session")
def people() -> tuple[faces.Person, ...]:
    """Return people with several photos each."""
    from tests.support import faces

    return faces.people()


@pytest.fixture(scope="session")
def chips() -> np.ndarray:
    """Return crops of the public-domain portraits, uint8 (4, 150, 150, 3): input for networks."""
    from tests.support import faces

    portraits = [faces.opened(person.photos[0]) for person in faces.portraits()]
    boxes = ((150, 20, 300, 170), (160, 40, 340, 220))
    crops = [image.crop(box).resize((150, 150)) for image in portraits for box in boxes]
    return np.stack([np.asarray(crop, np.uint8) for crop in crops])


@pytest.fixture
def known_faces(
    engine: ml.Engine,
    people: tuple[faces.Person, ...],
    analysed: dict[ml.Engine, tuple[tuple[ml.Face, ...], ...]],
) -> tuple[tuple[ml.Face, ...], ...]:
    """Return two people's first three photos, analysed by the test's engine."""
    if engine not in analysed:
        analysed[engine] = tuple(
            tuple(engine.analyse(photo, purpose="verify") for photo in person.photos[:3])
            for person in people[:2]
        )
    return analysed[engine]


@pytest.fixture(scope="session")
def analysed() -> dict[ml.Engine, tuple[tuple[ml.Face, ...], ...]]:
    """Cache the analysed faces of `known_faces` between tests."""
    return {}


@pytest.fixture(scope="session")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the shipped model and a small trained one."""
    from tests.support.small_model import trained_beside_the_shipped

    return trained_beside_the_shipped(tmp_path_factory.mktemp("models"))


# Installations


@pytest.fixture(scope="session")
def kept_templates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Share compiled templates between apps."""
    from flask import Flask
    from jinja2 import FileSystemBytecodeCache

    kept = FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(Flask.jinja_options, "bytecode_cache", kept)
        yield


@pytest.fixture(scope="session")
def fresh_installation(kept_templates: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a prepared instance folder with an account of each role, which tests copy."""
    from tests.support.installation import CHEAP, prepared
    from webapp.settings import Settings

    return prepared(Settings(instance=tmp_path_factory.mktemp("fresh"), password_cost=CHEAP))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Postgresql]:
    """Yield a PostgreSQL server for the whole run."""
    from tests.support.postgresql import pgserver, running

    if pgserver is None:
        pytest.skip("pgserver, PostgreSQL for the tests, has no wheel for this Python")
    with running() as server:
        yield server


@pytest.fixture(scope="session")
def fresh_on_postgresql(
    kept_templates: None, tmp_path_factory: pytest.TempPathFactory, postgresql: Postgresql
) -> tuple[Path, str]:
    """Return the same on PostgreSQL: the instance folder, and the name of the database to copy."""
    from tests.support.installation import CHEAP, prepared
    from webapp.settings import Settings

    instance, database = tmp_path_factory.mktemp("fresh"), postgresql.new_database()
    url = postgresql.url(database)
    settings = Settings(instance=instance, database_url=url, password_cost=CHEAP)
    return prepared(settings), database


@pytest.fixture
def sqlite_settings(fresh_installation: Path, tmp_path: Path) -> Settings:
    """Return settings of the test's own installation, on SQLite."""
    from tests.support.installation import settings_of_test

    return settings_of_test(shutil.copytree(fresh_installation, tmp_path / "instance"))


@pytest.fixture
def postgresql_settings(
    fresh_on_postgresql: tuple[Path, str], postgresql: Postgresql, tmp_path: Path
) -> Iterator[Settings]:
    """Return settings of the test's own installation, on PostgreSQL."""
    from tests.support.installation import settings_of_test

    fresh, template = fresh_on_postgresql
    with postgresql.lent(template) as url:
        yield settings_of_test(shutil.copytree(fresh, tmp_path / "instance"), url)


@pytest.fixture
def settings(request: pytest.FixtureRequest) -> Settings:
    """Return settings of the test's own installation, on the database that DATABASE names."""
    from tests.support.installation import DATABASE

    return request.getfixturevalue(f"{DATABASE}_settings")


@pytest.fixture
def app(settings: Settings, engine: ml.Engine) -> Iterator[Flask]:
    """Yield the app, inside its context."""
    from tests.support.installation import inside
    from webapp import create_app

    with inside(create_app(settings, engine)) as made:
        yield made


@pytest.fixture
def closed_app(settings: Settings, engine: ml.Engine) -> Flask:
    """Yield an app where only signed-in accounts may verify."""
    from webapp import create_app

    return create_app(changed(settings, verify_requires_sign_in=True), engine)


# People and programs


@pytest.fixture
def enrol(known_faces: tuple[tuple[ml.Face, ...], ...]) -> Callable[..., UUID]:
    """Return a function that enrols people: `enrol("ada", photos=1)`. "ada" has her own face."""
    from webapp.core.actor import SERVER
    from webapp.services.enrolment import store
    from webapp.services.enrolment.evidence import EXEMPT
    from webapp.services.enrolment.store import NewPerson

    def enrol(identifier: str, name: str = "", photos: int = 2) -> UUID:
        person = NewPerson(identifier, name or identifier.title(), True)
        faces = known_faces[PEOPLE.get(identifier, 1)][:photos]
        return store.enrol(person, faces, SERVER, EXEMPT)

    return enrol


@pytest.fixture
def operator_id(app: Flask) -> UUID:
    """Return the id of the operator's account."""
    from sqlalchemy import select

    from tests.support.installation import OPERATOR
    from webapp.db.engine import db
    from webapp.db.models import Account

    return db.session.scalar(select(Account.id).where(Account.username == OPERATOR))


@pytest.fixture
def anybody(app: Flask) -> Visitor:
    """Return a visitor who is not signed in."""
    from tests.support.installation import Visitor

    return Visitor(app)


@pytest.fixture
def viewer(app: Flask) -> Visitor:
    """Return a visitor with the role viewer."""
    from tests.support.installation import VIEWER, signed_in

    return signed_in(app, VIEWER)


@pytest.fixture
def operator(app: Flask) -> Visitor:
    """Return a visitor with the role operator."""
    from tests.support.installation import OPERATOR, signed_in

    return signed_in(app, OPERATOR)


@pytest.fixture
def admin(app: Flask) -> Visitor:
    """Return a visitor with the role administrator."""
    from tests.support.installation import ADMIN, signed_in

    return signed_in(app, ADMIN)


@pytest.fixture
def client(app: Flask) -> Iterator[Client]:
    """Return an API client with every right."""
    from tests.support.programs import key_with, program
    from webapp.db.models import Scope

    with program(app, key_with(Scope.ADMIN)) as made:
        yield made


# Tests that are left out


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
