"""Page of the threshold settings while the active model has no usable calibration."""

from __future__ import annotations

import logging

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from ml import ModelBroken
from webapp.db.engine import db
from webapp.inference.active_model import active_model

log = logging.getLogger("webapp.errors")


def explain_on(blueprint: Blueprint) -> None:
    """Answer a missing, unreadable or foreign calibration on these pages with the remedy."""
    blueprint.register_error_handler(ModelBroken, _explained)


def _explained(error: ModelBroken) -> ResponseReturnValue:
    log.error("active model has no usable calibration: %s", error)
    db.session.rollback()
    return render_template("threshold/uncalibrated.html", name=active_model().choice.name), 503
