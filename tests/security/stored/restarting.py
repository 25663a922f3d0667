"""Commands and restarts of an installation."""

from __future__ import annotations

from flask import Flask

from webapp import create_app
from webapp.settings import Settings


def run(app: Flask, *args: object):
    with app.app_context():
        return app.test_cli_runner().invoke(args=list(map(str, args)))


def restarted(settings: Settings, engine) -> Flask:
    return create_app(settings, engine)
