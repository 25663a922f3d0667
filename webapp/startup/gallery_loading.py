"""Reading who is enrolled when a process starts, while it answers already what needs nobody."""

from __future__ import annotations

import logging
import time
from concurrent.futures import Future
from contextlib import suppress
from threading import Event, Thread

from flask import Flask

from webapp.db.engine import db
from webapp.gallery.base import Gallery
from webapp.gallery.registry import GalleryRegistry, galleries
from webapp.inference.active_model import active_model

# A start waits so many seconds: whoever holds few people is ready then as a whole.
PATIENCE = 5.0
PAUSE_SECONDS = 10.0
log = logging.getLogger("webapp.startup.gallery_loading")


def read_gallery(app: Flask, patience: float = PATIENCE) -> Future[None]:
    """Read the gallery of the model that serves; what takes longer goes on in a thread.

    Whatever fails there after that is tried again; until it is done the process is not ready.

    Returns:
        What is done when everybody is read.

    Raises:
        Exception: what went wrong within `patience` seconds.
    """
    gone_on, done = Event(), Future[None]()
    gallery, waiting = active_model().gallery, galleries()
    waiting.loading = gallery
    work = Thread(
        target=_read, args=(app, waiting, gallery, gone_on, done), name="read gallery", daemon=True
    )
    work.start()
    with suppress(TimeoutError):
        done.result(patience)
    gone_on.set()
    return done


def _read(
    app: Flask, waiting: GalleryRegistry, gallery: Gallery, gone_on: Event, done: Future[None]
) -> None:
    while True:
        try:
            with app.app_context():
                gallery.refresh()
                db.session.rollback()
        except Exception as error:
            if not gone_on.is_set():
                done.set_exception(error)
                return
            log.error("the gallery cannot be read: %s", error)
            time.sleep(PAUSE_SECONDS)
        else:
            waiting.loading = None
            done.set_result(None)
            return
