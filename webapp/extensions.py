"""Flask's extensions: made once here, bound to an app in `create_app`."""

from __future__ import annotations

from flask_babel import Babel
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect

from webapp.models.columns import Model

db = SQLAlchemy(metadata=Model.metadata)
migrate = Migrate()
csrf = CSRFProtect()
login = LoginManager()
limiter = Limiter(get_remote_address)
# Frames come too often to be written down one by one: each process counts its own.
frame_limiter = Limiter(get_remote_address, storage_uri="memory://")
babel = Babel()
