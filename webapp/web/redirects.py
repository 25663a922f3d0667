"""Redirect targets within this site."""

from __future__ import annotations

import posixpath
from urllib.parse import unquote, urlsplit

from flask import request, url_for
from flask.globals import request_ctx
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect


def place_within(target: str) -> str:
    """Return `target` if it is a path of this app, otherwise the path of the start page."""
    parts = urlsplit(target)
    plain = target.isprintable() and "\\" not in target and not parts.netloc and not parts.scheme
    # Browsers resolve "..", even if percent-encoded, before they send the request.
    path = posixpath.normpath(unquote(parts.path))
    # Browsers treat what follows "//" or "///" as a host.
    plain = plain and target.startswith("/") and not target.startswith("//")
    if plain and f"{path}/".startswith(f"{request.script_root}/"):
        return target
    return url_for("home.index")


def this_place() -> str:
    """Return the address of the current page with its query; for a form, the nearest page above."""
    return nearest_page() if request.url_rule else url_for("home.index")


def nearest_page() -> str:
    """Return the address of the request if it accepts GET, otherwise the nearest page above."""
    path = request.path
    while path and not is_shown(path):
        path = path.rpartition("/")[0]
    query = request.query_string.decode("latin-1") if path == request.path else ""
    return request.script_root + (path or "/") + (f"?{query}" if query else "")


def is_shown(path: str) -> bool:
    """Return whether a path of this app, without its prefix, accepts GET."""
    adapter = request_ctx.url_adapter
    try:
        return adapter is not None and bool(adapter.match(path, method="GET"))
    except (HTTPException, RequestRedirect):
        return False
