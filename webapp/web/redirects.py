"""Places of this site that a request names, to lead on to."""

from __future__ import annotations

import posixpath
from urllib.parse import unquote, urlsplit

from flask import request, url_for
from flask.globals import request_ctx
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect


def place_within(target: str) -> str:
    """Return a path of this app to lead on to; for anything else, the start page's."""
    parts = urlsplit(target)
    plain = target.isprintable() and "\\" not in target and not parts.netloc and not parts.scheme
    # Browsers resolve "..", even when it is escaped, before they ask.
    path = posixpath.normpath(unquote(parts.path))
    # They take what follows "//" for a host, and "///" for the same.
    plain = plain and target.startswith("/") and not target.startswith("//")
    if plain and f"{path}/".startswith(f"{request.script_root}/"):
        return target
    return url_for("home.index")


def this_place() -> str:
    """Return where the page at hand can be got, with its query; a form's is the nearest above."""
    return nearest_page() if request.url_rule else url_for("home.index")


def nearest_page() -> str:
    """Return the page of this address; where it takes forms alone, the nearest page above."""
    path = request.path
    while path and not is_shown(path):
        path = path.rpartition("/")[0]
    query = request.query_string.decode("latin-1") if path == request.path else ""
    return request.script_root + (path or "/") + (f"?{query}" if query else "")


def is_shown(path: str) -> bool:
    """Whether a path of this app, without its prefix, can be got."""
    adapter = request_ctx.url_adapter
    try:
        return adapter is not None and bool(adapter.match(path, method="GET"))
    except (HTTPException, RequestRedirect):
        return False
