"""Flask extensions, created once here and bound to an app in `create_app`."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import request
from flask_limiter import Limiter
from flask_login import LoginManager
from flask_migrate import Migrate
from flask_wtf import CSRFProtect

from webapp.core.memory_storage import SCHEME as LOCKED_MEMORY
from webapp.core.network import client_network
from webapp.web.display.translations import SafeBabel


class EarlyLimiter(Limiter):
    """Rate limits declared on views, and counted by `request_rates` before the body is read."""

    def limit(self, *values: Any, **options: Any) -> Callable[[Any], Any]:  # type: ignore[override]
        """Declare the limit of a view; calling the view counts nothing."""
        limited = super().limit(*values, **options)

        def declare(view: Any) -> Any:
            @wraps(view)
            def count() -> None:
                """Do nothing; the library's wrapper counts the request."""

            view.limits = (*getattr(view, "limits", ()), limited(count))
            return view

        return declare


def asking_network() -> str:
    """Return the client network of the current request, the key of rate limits."""
    return client_network(request.remote_addr)


migrate = Migrate()
csrf = CSRFProtect()
login = LoginManager()
limiter = EarlyLimiter(asking_network)
# Frames are too frequent for counters in the database, so each process counts in memory.
frame_limiter = EarlyLimiter(asking_network, storage_uri=f"{LOCKED_MEMORY}://")
babel = SafeBabel()
