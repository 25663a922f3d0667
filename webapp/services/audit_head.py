"""The newest entry of the audit log, noted in a file beside the database."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from webapp.core.atomic_files import atomic_write, exclusive_lock
from webapp.db.engine import db
from webapp.services.audit import HEAD_BEGUN, MAC_OF_NUMBER, Head, head, log, record_now
from webapp.settings import current_settings


class Witness:
    """An errand: notes the head in a file outside the database, for as long as a process lives.

    It remembers what it noted, so that removing the file hides nothing while the server runs.
    """

    def __init__(self) -> None:
        self._noted: Head | None = None

    def look(self) -> None:
        """Note the head, where the log has grown since."""
        self._noted = note_head(self._noted)


def note_head(remembered: Head | None = None) -> Head | None:
    """Write the head to its file outside the database, where the log has grown since.

    A log that no longer holds what is noted there was put back: the note stays, as a witness. Where
    the file is missing and nothing is remembered of it, it is begun, and the log says so.

    Returns:
        What is noted now.
    """
    with exclusive_lock(head_file().parent):
        db.session.rollback()  # what others noted meanwhile is to be seen
        kept = _kept_head()
        noted = kept or remembered
        if noted is None:
            record_now(HEAD_BEGUN)
        newest = head()
        if noted and not _holds(noted):
            _tell_of(noted)
            newest = noted
        db.session.rollback()
        if newest not in {None, kept}:
            _write_head(newest)
        return newest


def begin_head_file(*, overwrite: bool) -> None:
    """Note the head of a log that begins; overwrite what is noted after a restore."""
    with exclusive_lock(head_file().parent):
        if overwrite or not head_file().exists():
            _write_head(head())


def _write_head(noted: Head | None) -> None:
    with atomic_write(head_file()) as to:
        to.write(f"{noted}\n".encode())


def _kept_head() -> Head | None:
    try:
        return noted_head()
    except ValueError:
        log.error("%s holds no head; see audit verify", head_file())
        return None


def _holds(noted: Head) -> bool:
    return db.session.connection().scalar(MAC_OF_NUMBER, {"number": noted.number}) == noted.mac


@cache
def _tell_of(noted: Head) -> None:
    """Once a process: this is found every few seconds."""
    log.error("audit log: entry %s is not the one that was noted; see audit verify", noted.number)


def noted_head() -> Head | None:
    """The head that was written last, None for none.

    Raises:
        ValueError: if the file holds anything else.
    """
    return Head.parse(head_file().read_text()) if head_file().exists() else None


def head_file() -> Path:
    """Return the file that the newest entry is noted in."""
    return current_settings().audit_head_file
