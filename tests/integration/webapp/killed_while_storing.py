"""Stores a person again and again in processes that are killed, each one statement later.

Arguments: the instance folder, and a file of pickled faces. Prints how many processes were killed
before one, which had more statements left than storing takes, came through.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
from pathlib import Path

from sqlalchemy import event

import ml
from tests.support.installation import CHEAP
from webapp import create_app
from webapp.db.engine import db
from webapp.services.enrolment.store import NewPerson, store_person
from webapp.settings import Settings

PERSON = NewPerson("ada", "Ada", True)


def main(instance: Path, faces: list[ml.Face]) -> None:
    killed = 0
    while died(instance, faces, killed):
        killed += 1
    print(killed)


def died(instance: Path, faces: list[ml.Face], statements: int) -> bool:
    """Whether a process that is killed after that many statements died of it."""
    child = os.fork()
    if not child:
        store_until(instance, faces, statements)
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def store_until(instance: Path, faces: list[ml.Face], statements: int) -> None:
    settings = Settings(
        instance=instance,
        database_url=os.environ["DATABASE_URL"],
        password_cost=CHEAP,
        log_level="ERROR",
    )
    model = next(model for model in ml.describe_models() if model.name == settings.model)
    app = create_app(settings, model)  # storing asks the engine for the model's id only
    with app.app_context():
        left = statements

        def count(*_: object) -> None:
            nonlocal left
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1

        event.listen(db.engine, "before_cursor_execute", count)
        event.listen(db.engine, "commit", count)
        store_person(PERSON, faces, None)


if __name__ == "__main__":
    main(Path(sys.argv[1]), pickle.loads(Path(sys.argv[2]).read_bytes()))
