"""Flask's extensions: made once here, bound to an app in `create_app`."""

from __future__ import annotations

from flask import request
from flask_limiter import Limiter
from flask_login import LoginManager
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect

from webapp.core.network import client_network
from webapp.models.columns import Model
from webapp.translated import SafeBabel


def asking_network() -> str:
    """Return the network of the request at hand, as limits count it."""
    return client_network(request.remote_addr)


db = SQLAlchemy(metadata=Model.metadata)
migrate = Migrate()
csrf = CSRFProtect()
login = LoginManager()
limiter = Limiter(asking_network)
# Frames come too often to be written down one by one: each process counts its own.
frame_limiter = Limiter(asking_network, storage_uri="memory://")
babel = SafeBabel()
