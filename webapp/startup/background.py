"""Background work of a serving process."""

from __future__ import annotations

from flask import Flask

from webapp.db.damage import damage_watch
from webapp.db.deferred_writes import deferred_writes
from webapp.db.secure_delete import truncate_log_later
from webapp.jobs.worker import Worker
from webapp.services import audit_head
from webapp.services.backup import key_ring
from webapp.services.models.selection import sync_engines
from webapp.startup.job_handlers import JOB_HANDLERS


def start_background_work(app: Flask) -> Worker:
    """Start the background thread of this process; call it after a fork."""
    chores = (
        sync_engines,
        audit_head.AuditHeadSync().run,
        truncate_log_later,
        key_ring.KeyRingSync().run,
        lambda: deferred_writes().flush(),
        lambda: damage_watch().scan(),
    )
    worker = Worker(app, JOB_HANDLERS, chores)
    worker.start()
    return worker
