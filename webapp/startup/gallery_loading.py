"""Loading of the gallery at start, while the process already answers other requests."""

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

# A start waits this long, so that an installation with a small gallery is ready at once.
START_WAIT_SECONDS = 5.0
RETRY_SECONDS = 10.0
log = logging.getLogger("webapp.startup.gallery_loading")


def load_gallery(app: Flask, wait_seconds: float = START_WAIT_SECONDS) -> Future[None]:
    """Load the gallery of the active model in a thread, and wait for it up to `wait_seconds`.

    Later failures are retried. Until the gallery is loaded the process is not ready.

    Returns:
        A future that is done when the gallery is loaded.

    Raises:
        Exception: the failure, if it came within `wait_seconds`.
    """
    in_background, done = Event(), Future[None]()
    gallery, registry = active_model().gallery, galleries()
    registry.loading = gallery
    thread = Thread(
        target=_load,
        args=(app, registry, gallery, in_background, done),
        name="load gallery",
        daemon=True,
    )
    thread.start()
    with suppress(TimeoutError):
        done.result(wait_seconds)
    in_background.set()
    return done


def _load(
    app: Flask,
    registry: GalleryRegistry,
    gallery: Gallery,
    in_background: Event,
    done: Future[None],
) -> None:
    while True:
        try:
            with app.app_context():
                gallery.refresh()
                db.session.rollback()
        except Exception as error:
            if not in_background.is_set():
                done.set_exception(error)
                return
            log.error("the gallery cannot be loaded: %s", error)
            time.sleep(RETRY_SECONDS)
        else:
            registry.loading = None
            done.set_result(None)
            return
