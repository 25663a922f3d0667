"""The head of the audit log, recorded in a file outside the database."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from webapp.core.actor import SERVER
from webapp.core.atomic_files import atomic_write, exclusive_lock
from webapp.db.engine import db
from webapp.services.audit import HEAD_BEGUN, MAC_OF_NUMBER, Head, head, log, record_now
from webapp.settings import current_settings


class AuditHeadSync:
    """An errand that records the head in a file outside the database.

    It remembers the recorded head, so removing the file hides nothing while the process lives.
    """

    def __init__(self) -> None:
        self._noted: Head | None = None

    def run(self) -> None:
        """Record the head if the log has grown."""
        self._noted = note_head(self._noted)


def note_head(remembered: Head | None = None) -> Head | None:
    """Record the head in its file if the log has grown, and return the recorded head.

    A log that no longer contains the recorded entry was replaced: the file stays as evidence. If
    the file is missing and `remembered` is None, the file is created and the log gets a HEAD_BEGUN
    entry.
    """
    with exclusive_lock(head_file().parent):
        db.session.rollback()  # see what other processes committed meanwhile
        kept = _kept_head()
        noted = kept or remembered
        if noted is None:
            record_now(HEAD_BEGUN, SERVER)
        newest = head()
        if noted and not _holds(noted):
            _log_mismatch(noted)
            newest = noted
        db.session.rollback()
        if newest not in {None, kept}:
            _write_head(newest)
        return newest


def begin_head_file(*, overwrite: bool) -> None:
    """Record the head of a new log; with `overwrite`, replace the recorded head after a restore."""
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
        log.error("%s contains no head; run `flask audit verify`", head_file())
        return None


def _holds(noted: Head) -> bool:
    return db.session.connection().scalar(MAC_OF_NUMBER, {"number": noted.number}) == noted.mac


@cache
def _log_mismatch(noted: Head) -> None:
    """Log once for each head and process: the errand repeats every few seconds."""
    log.error(
        "audit log entry %s does not match the recorded head; run `flask audit verify`",
        noted.number,
    )


def noted_head() -> Head | None:
    """Return the head that the file holds; None if there is no file.

    Raises:
        ValueError: if the content is not a head.
    """
    return Head.parse(head_file().read_text()) if head_file().exists() else None


def head_file() -> Path:
    """Return the path of the file that records the head."""
    return current_settings().audit_head_file
