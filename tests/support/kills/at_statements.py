"""Run a command again and again in processes that are killed, each some statements later.

Arguments: the instance folder, the command, the stride in statements between kills, and the
command's target. The script prints the number of killed processes before one finished.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
from pathlib import Path
from uuid import UUID

from flask_migrate import downgrade, upgrade
from sqlalchemy import event

import ml
from tests.support.installation import CHEAP
from webapp import create_app
from webapp.core.actor import SERVER
from webapp.db.engine import db
from webapp.errors.people import UnknownPerson
from webapp.services.backup import backup as backups
from webapp.services.backup import master_key_rotation
from webapp.services.enrolment import store as enrolment
from webapp.services.enrolment.store import NewPerson
from webapp.services.people import people
from webapp.settings import Settings


def main(instance: Path, what: str, stride: int, argument: str) -> None:
    killed = 0
    while died(instance, what, argument, killed * stride):
        killed += 1
    print(killed)


def died(instance: Path, what: str, argument: str, statements: int) -> bool:
    """Return whether a process with a kill after that many statements died of it."""
    child = os.fork()
    if not child:
        work_until(instance, what, argument, statements)
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def work_until(instance: Path, what: str, argument: str, statements: int) -> None:
    settings = Settings(
        instance=instance,
        database_url=os.environ.get("DATABASE_URL", ""),
        password_cost=CHEAP,
        log_level="ERROR",
    )
    model = next(model for model in ml.describe_models() if model.name == settings.model)
    app = create_app(settings, model)  # the commands need the engine's id alone
    with app.app_context():
        left = statements

        def count(*_: object) -> None:
            nonlocal left
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1

        event.listen(db.engine, "before_cursor_execute", count)
        event.listen(db.engine, "commit", count)
        WORK[what](argument)


def rotate(_argument: str) -> None:
    master_key_rotation.rotate(lambda _left: None, SERVER)


def delete(person_id: str) -> None:
    try:
        people.delete_person(UUID(person_id), SERVER)
    except UnknownPerson:  # the process killed before had done it
        backups.forget_old_keys()


def backup(target: str) -> None:
    if not Path(target).exists():
        backups.back_up(Path(target), SERVER)


def migrate(_argument: str) -> None:
    downgrade(revision="0003")
    upgrade()


def store(faces: str) -> None:
    """Enrol a person with pickled faces."""
    enrolment.enrol(NewPerson("ada", "Ada", True), pickle.loads(Path(faces).read_bytes()), SERVER)


WORK = {
    "rotate": rotate,
    "delete": delete,
    "backup": backup,
    "migrate": migrate,
    "store": store,
}

if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4])
