"""Places of this site that a request names, to lead on to."""

from __future__ import annotations

import posixpath
from urllib.parse import unquote, urlsplit

from flask import request, url_for


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
    """Return where the page at hand can be got, with its query; the start page for a form's."""
    rule = request.url_rule
    if rule is None or "GET" not in (rule.methods or ()):
        return url_for("home.index")
    query = request.query_string.decode("latin-1")
    return request.script_root + request.path + (f"?{query}" if query else "")
