"""Run commands again and again in processes killed at random moments; check the data after each.

Arguments: the instance folder, a file of pickled faces, and the number of kills. Everything that a
process reported as committed must exist; everything else must be whole or absent. The script prints
one line of JSON a kill: the command, and its number of runs before the kill.
"""

from __future__ import annotations

import json
import os
import pickle
import random
import shutil
import signal
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from select import select as readable
from time import monotonic
from uuid import UUID

from flask_migrate import downgrade, upgrade
from sqlalchemy import select

import ml
from tests.support.installation import CHEAP
from webapp import create_app
from webapp.core.actor import SERVER
from webapp.db.engine import db
from webapp.db.key_store import key_store
from webapp.db.models import Person
from webapp.services import audit_verification
from webapp.services.backup import backup as backups
from webapp.services.backup import master_key_rotation
from webapp.services.enrolment import store
from webapp.services.enrolment.store import NewPerson, picture_place
from webapp.services.people import people
from webapp.settings import Settings
from webapp.startup.prepare import prepare

SEED = 0
LONGEST_SECONDS = 1.0
PEOPLE = 24
Say = Callable[[object], None]


@dataclass(frozen=True)
class Scene:
    """The instance folder, and the faces to enrol."""

    instance: Path
    faces: list[ml.Face]

    @property
    def database(self) -> Path:
        return self.instance / "faces.db"

    @property
    def backups(self) -> Path:
        return self.instance.with_name("backups")

    def person_ids(self) -> set[str]:
        with closing(sqlite3.connect(self.database)) as database:
            return {key for (key,) in database.execute("SELECT id FROM person")}


def main(scene: Scene, moments: int) -> None:
    scene.backups.mkdir()
    chance, began = random.Random(SEED), monotonic()
    run(scene, top_up)
    longest = max(LONGEST_SECONDS, monotonic() - began)  # a busy machine completes less in a second
    for moment in range(moments):
        what = list(WORK)[moment % len(WORK)]
        run(scene, top_up)
        before = scene.person_ids()
        shown = kill_during(scene, WORK[what], chance.uniform(0, longest))
        check_rows(scene, what, before, set(shown))
        run(scene, check_sealed)
        print(json.dumps({"what": what, "done": len(shown)}))


def run(scene: Scene, work: Callable[[Scene, Say], None]) -> None:
    """Run a command in a process of its own, to its end."""
    child = os.fork()
    if not child:
        do(scene, work, lambda _what: None)
    if os.waitpid(child, 0)[1]:
        sys.exit(f"{work.__name__} failed")


def kill_during(scene: Scene, work: Callable[[Scene, Say], None], seconds: float) -> list[str]:
    """Kill a process that loops, after a delay; return its output until then."""
    hearing, saying = os.pipe()
    child = os.fork()
    if not child:
        do(scene, work, lambda what: os.write(saying, f"{what}\n".encode()))
    os.close(saying)
    with os.fdopen(hearing) as lines:
        lines.readline()  # the loop starts
        heard = listened(hearing, monotonic() + seconds)
        os.kill(child, signal.SIGKILL)
        heard += lines.read()
    if not os.WIFSIGNALED(os.waitpid(child, 0)[1]):
        sys.exit(f"{work.__name__} came to an end")
    return heard.split()


def listened(hearing: int, until: float) -> str:
    """Return the output until the kill. No line exceeds one atomic write to a pipe."""
    heard = b""
    while (left := until - monotonic()) > 0:
        if readable([hearing], [], [], left)[0]:
            heard += os.read(hearing, 1 << 16)
    return heard.decode()


def do(scene: Scene, work: Callable[[Scene, Say], None], say: Say) -> None:
    """Work in this process, and exit."""
    try:
        settings = Settings(instance=scene.instance, password_cost=CHEAP, log_level="ERROR")
        model = next(model for model in ml.describe_models() if model.name == settings.model)
        # The commands need the engine's id alone.
        with create_app(settings, model).app_context():
            say("begin")
            work(scene, say)
    except BaseException as error:
        print(f"{work.__name__}: {error!r}", file=sys.stderr, flush=True)
        os._exit(1)
    os._exit(0)


# Commands


def top_up(scene: Scene, _say: Say) -> None:
    for number in range(len(scene.person_ids()), PEOPLE):
        store.enrol(new_person(f"{os.getpid()}-{number}"), scene.faces, SERVER)


def enrol(scene: Scene, say: Say) -> None:
    for number in count():
        say(store.enrol(new_person(f"{os.getpid()}-{number}"), scene.faces, SERVER).hex)


def delete(scene: Scene, say: Say) -> None:
    for person_id in scene.person_ids():
        people.delete_person(UUID(person_id), SERVER)
        say(person_id)
    signal.pause()


def rotate(_scene: Scene, say: Say) -> None:
    while True:
        master_key_rotation.rotate(lambda _left: None, SERVER)
        say("rotated")


def migrate(_scene: Scene, say: Say) -> None:
    while True:
        downgrade(revision="0003")
        say("down")
        upgrade()
        say("up")


def backup(scene: Scene, say: Say) -> None:
    for number in count():
        target = scene.backups / f"{os.getpid()}-{number}"
        backups.back_up(target, SERVER)
        say(target)


WORK = {
    "enrol": enrol,
    "delete": delete,
    "rotate": rotate,
    "migrate": migrate,
    "backup": backup,
}


def new_person(identifier: str) -> NewPerson:
    return NewPerson(identifier, identifier, consent=True)


# Checks


def check_rows(scene: Scene, what: str, before: set[str], shown: set[str]) -> None:
    """Check that committed rows exist, and at most one more, whose report was lost."""
    after = scene.person_ids()
    if what == "enrol":
        require(before | shown <= after, "who was enrolled is there")
        require(len(after - before - shown) <= 1, "nobody else is")
    elif what == "delete":
        require(not after & shown, "who was deleted is not there")
        require(after <= before and len(before - shown - after) <= 1, "everybody else is")
    else:
        require(after == before, "the people are the same")
    for target in shown if what == "backup" else ():
        require(Path(target).exists(), "a backup that was written is there")


def check_sealed(scene: Scene, _say: Say) -> None:
    """Check that the database is sound, everything decrypts and nothing is left over."""
    prepare()
    backups.forget_old_keys()
    with closing(sqlite3.connect(scene.database)) as database:
        require(database.execute("PRAGMA integrity_check").fetchone() == ("ok",), "it is sound")
        require(not database.execute("PRAGMA foreign_key_check").fetchall(), "no row is orphaned")
    key_store().check_master_key()
    require(audit_verification.verify().problem is None, "the audit log holds")
    for person in db.session.scalars(select(Person)):
        seal = key_store().vault.person_seal(person.key.wrapped, person.id)
        require(len(person.anchors) == len(scene.faces), "every person is whole")
        for anchor in person.anchors:
            seal.open(anchor.picture, picture_place(anchor.id))
    require(not list(scene.instance.glob(backups.COPIES + "*")), "no copy is left over")
    wal = scene.database.with_name(scene.database.name + "-wal")
    require(not wal.exists() or not wal.stat().st_size, "no deleted page is left over")
    for restored in restored_backups(scene):
        require(restored == len(scene.person_ids()), "a backup that is there is whole")


def restored_backups(scene: Scene) -> Iterator[int]:
    """Return the number of people that each backup restores, in a second installation."""
    for source in scene.backups.iterdir():
        if source.name.startswith("."):
            continue
        beside = shutil.copytree(scene.instance, scene.backups / f".{source.name}.instance")
        settings = Settings(instance=beside, password_cost=CHEAP, log_level="ERROR")
        with create_app(settings).app_context():
            yield backups.restore(source, settings.key_ring_file)
        shutil.rmtree(beside)
        source.unlink()


def require(holds: object, promise: str) -> None:
    if not holds:
        raise AssertionError(promise)


if __name__ == "__main__":
    main(Scene(Path(sys.argv[1]), pickle.loads(Path(sys.argv[2]).read_bytes())), int(sys.argv[3]))
