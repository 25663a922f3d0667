"""The master key is rotated, read from the environment, and kept private."""

from __future__ import annotations

import os
import shutil
from itertools import pairwise, permutations
from pathlib import Path
from secrets import token_hex

import pytest
from flask import Flask

from tests.security.stored.restarting import restarted, run
from tests.support.changed import changed
from webapp.core.actor import SERVER
from webapp.crypto.vault import MasterKeyUnusable, SealBroken, Vault, read_master_key
from webapp.db.engine import db
from webapp.db.key_store import key_store
from webapp.db.models import PersonKey
from webapp.services import audit_verification
from webapp.services.backup import master_key_rotation
from webapp.services.enrolment import store
from webapp.services.enrolment.store import NewPerson
from webapp.services.matching.verification import verify
from webapp.settings import Settings, current_settings
from webapp.startup.prepare import get_ready

pytestmark = pytest.mark.sqlite  # backups and kills need the database file


def test_a_new_master_key_opens_everything_and_the_old_one_nothing(
    app: Flask, settings: Settings, engine, people, ada, bob
) -> None:
    old = read_master_key(settings.master_key_file)

    result = run(app, "keys", "rotate")

    assert "2 keys are wrapped by the new master key" in result.output
    assert not settings.next_master_key_file.exists()
    assert verify("ada", [people[0].photos[2]], SERVER).match  # the running app follows
    again = restarted(settings, engine)
    with again.app_context():
        get_ready(again)
        assert verify("bob", [people[1].photos[2]], SERVER).match
        assert audit_verification.verify().problem is None
        with pytest.raises(SealBroken):
            Vault(old).person_seal(db.session.get(PersonKey, ada).wrapped, ada)


def test_where_no_backup_was_made_a_new_master_key_speaks_of_no_key_ring(app: Flask, ada) -> None:
    assert "key ring" not in run(app, "keys", "rotate").output


def test_people_are_enrolled_and_verified_during_a_key_rotation(
    app: Flask, settings: Settings, people, enrol, ada, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(master_key_rotation, "KEYS_A_STEP", 1)
    enrol("cy", photos=1)
    seen: list[bool] = []

    def meanwhile(left: int) -> None:
        if not seen:
            enrol("bob", photos=1)
        seen.append(verify("ada", [people[0].photos[2]], SERVER).match)

    master_key_rotation.rotate(meanwhile, SERVER)

    assert seen == [True, True]
    assert verify("bob", [people[1].photos[2]], SERVER).match
    key_store().check_master_key()


def test_the_master_key_may_come_from_the_environment(
    app: Flask, settings: Settings, engine, people, ada
) -> None:
    old = settings.master_key_file.read_text().strip()
    settings.master_key_file.unlink()
    by_setting = restarted(changed(settings, master_key=old), engine)
    with by_setting.app_context():
        assert verify("ada", [people[0].photos[2]], SERVER).match

    new = "ab" * 32
    both = restarted(changed(settings, master_key=new, previous_master_key=old), engine)
    result = run(both, "keys", "rotate")
    assert result.exit_code == 0, result.output

    with restarted(changed(settings, master_key=new), engine).app_context():
        assert verify("ada", [people[0].photos[2]], SERVER).match
    assert old not in repr(changed(settings, master_key=old))
    assert not settings.next_master_key_file.exists()


def beside(settings: Settings, folder: Path, **changes: object) -> Settings:
    """Return settings of another machine: the same database and secrets, with files of its own."""
    instance = Path(shutil.copytree(settings.instance, folder / "beside"))
    url = settings.database_url or f"sqlite:///{settings.instance / 'faces.db'}"
    return changed(settings, instance=instance, database_url=url, **changes)


def test_a_machine_without_the_new_master_key_enrols_nobody(
    app: Flask, settings: Settings, engine, enrol, ada, tmp_path: Path
) -> None:
    other = restarted(beside(settings, tmp_path), engine)
    run(app, "keys", "rotate")

    with other.app_context():
        with pytest.raises(MasterKeyUnusable, match="Another machine rotated the master key"):
            enrol("bob", photos=1)
        db.session.remove()
        shutil.copy(settings.master_key_file, current_settings().master_key_file)
        enrol("bob", photos=1)


def test_several_machines_receive_a_new_master_key_one_by_one(
    app: Flask, settings: Settings, engine, people, known_faces, ada
) -> None:
    old, new = settings.master_key_file.read_text().strip(), "ab" * 32
    settings.master_key_file.unlink()
    stages = [(old, ""), (old, new), (new, old), (new, "")]
    machines = [
        restarted(changed(settings, master_key=newest, previous_master_key=other), engine)
        for newest, other in stages
    ]

    for former, later in pairwise(machines):
        if later is machines[-1]:
            assert run(former, "keys", "rotate").exit_code == 0
        for enrolling, verifying in permutations((former, later)):
            with enrolling.app_context():
                name = token_hex(4)
                store.enrol(NewPerson(name, name, True), known_faces[0][:1], SERVER)
            with verifying.app_context():
                get_ready(verifying)
                assert verify(name, [people[0].photos[2]], SERVER).match


def test_a_master_key_readable_by_others_is_refused(app: Flask, settings: Settings, engine) -> None:
    os.chmod(settings.master_key_file, 0o644)

    result = run(restarted(settings, engine), "keys", "rotate")

    assert result.exit_code == 1
    assert "chmod 600" in result.output
