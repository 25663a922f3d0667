"""Flask's extensions: made once here, bound to an app in `create_app`."""

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
    """Limits that views state, counted by `request_rates` before anything is read."""

    def limit(self, *values: Any, **options: Any) -> Callable[[Any], Any]:  # type: ignore[override]
        """State the limit of a view, which itself counts nothing."""
        limited = super().limit(*values, **options)

        def state(view: Any) -> Any:
            @wraps(view)
            def count() -> None:
                """Do nothing but what the library adds: count the request."""

            view.limits = (*getattr(view, "limits", ()), limited(count))
            return view

        return state


def asking_network() -> str:
    """Return the network of the request at hand, as limits count it."""
    return client_network(request.remote_addr)


migrate = Migrate()
csrf = CSRFProtect()
login = LoginManager()
limiter = EarlyLimiter(asking_network)
# Frames come too often to be written down one by one: each process counts its own.
frame_limiter = EarlyLimiter(asking_network, storage_uri=f"{LOCKED_MEMORY}://")
babel = SafeBabel()
