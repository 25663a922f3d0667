"""Start the background work of a process."""

from __future__ import annotations

from flask import Flask

from webapp.db.damage import damage_watch
from webapp.db.secure_delete import forget_left_pages
from webapp.inference.active_model import recognition
from webapp.jobs.worker import Worker
from webapp.services import audit_head
from webapp.services.backup import key_ring
from webapp.services.models.selection import keep_up
from webapp.startup.job_handlers import KINDS


def start_background_work(app: Flask) -> Worker:
    """Start this process's thread for background work; call it after the process was forked."""
    errands = (
        keep_up,
        audit_head.Witness().look,
        forget_left_pages,
        key_ring.Follower().look,
        lambda: recognition().unwritten.write_all(),
        lambda: damage_watch().look(),
    )
    worker = Worker(app, KINDS, errands)
    worker.start()
    return worker
