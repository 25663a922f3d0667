"""Master key rotation: rewrap every key in steps, then retire the old master key.

Safe to interrupt; run it again to resume. Concurrent enrolments already use the new key, since each
process follows the files. The data itself is not touched.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.core.actor import Actor
from webapp.crypto.vault import MasterKeyUnusable, write_new_key
from webapp.db.engine import db
from webapp.db.key_store import key_store
from webapp.db.models import InstallationKey, PersonKey
from webapp.db.transactions import unit_of_work
from webapp.services import audit
from webapp.services.backup.backup import forget_old_keys
from webapp.settings import current_settings

KEYS_A_STEP = 200


def rotate(listener: Callable[[int], None], actor: Actor) -> int:
    """Rotate the master key, and return the number of keys rewrapped.

    If the settings hold the key, they must name the new and the previous one; otherwise a new key
    file is created.

    Args:
        listener: called after each step with the number of keys left.
        actor: recorded in the audit log.

    Raises:
        VaultError: if no present master key opens a key; what was rewrapped stays.
    """
    settings = current_settings()
    if not settings.master_key:
        write_new_key(settings.next_master_key_file)
    done = 0
    while step := _rewrap_some():
        done += step
        listener(_count_old())
    _finish(done, actor)
    forget_old_keys()
    return done


def _rewrap_some() -> int:
    vault = key_store().vault
    with unit_of_work() as session:
        old = PersonKey.master_key_id != vault.master_key_id
        found = session.scalars(select(PersonKey).where(old).limit(KEYS_A_STEP)).all()
        for key in found:
            key.wrapped = vault.rewrapped_person_key(key.wrapped, key.person_id)
            key.master_key_id = vault.master_key_id
    return len(found)


def _finish(done: int, actor: Actor) -> None:
    """Rewrap the installation's key last: after that, nothing needs the old master key."""
    with unit_of_work() as session:
        _rewrap_installation_key(session)
        audit.record(session, "master_key_changed", actor, keys=done)
        if _count_old():
            raise MasterKeyUnusable(
                "a person was enrolled under the old key meanwhile; run the rotation again"
            )
    settings = current_settings()
    if settings.next_master_key_file.exists():
        settings.next_master_key_file.replace(settings.master_key_file)


def _rewrap_installation_key(session: Session) -> None:
    vault = key_store().vault
    for key in session.scalars(select(InstallationKey)):
        if key.master_key_id != vault.master_key_id:
            key.wrapped = vault.rewrapped_installation_key(key.wrapped)
            key.master_key_id = vault.master_key_id


def _count_old() -> int:
    old = PersonKey.master_key_id != key_store().vault.master_key_id
    return db.session.scalar(select(func.count()).select_from(PersonKey).where(old)) or 0
