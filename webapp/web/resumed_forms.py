"""Restore what was typed into a form that was rejected.

The session had ended, the server was overloaded, or the client was over its rate limit.

The CSRF token contains the account that it was issued for, so it identifies the form's owner even
without a session. The typed fields wait in the session cookie for TIME_TO_COME_BACK, and only that
account gets them back. Restoring only fills in the form: its owner sends it, with a new token.
"""

from __future__ import annotations

import json
import secrets
import zlib
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

from flask import current_app, flash, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from itsdangerous import BadData, URLSafeTimedSerializer
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from webapp.db.models import now
from webapp.web.access import Rule, rule_of
from webapp.web.limits.request_bounds import MOST_PARTS, SMALL_BODY
from webapp.web.redirects import is_shown, nearest_page
from webapp.web.uploads import chosen

TOKEN = "csrf_token"  # noqa: S105  the name of a field
LEFT = "left_form"
TIME_TO_COME_BACK = timedelta(minutes=30)
# Browsers accept cookies up to 4 kB, and the session stores other things as well.
MOST_BYTES, MOST_CHARACTERS = 2200, 4000
OPEN = (Rule.PUBLIC, Rule.VERIFIER)
# Never kept: secrets, and fields that a page fills in.
NOT_KEPT = frozenset(
    {TOKEN, "password", "confirm", "current", "code", "secret", "challenge", "kept", "doubts_seen"}
)


def mark_token(account_id: UUID) -> None:
    """Put the account into the session's CSRF tokens; all tokens of a session share one secret."""
    session[TOKEN] = f"{secrets.token_hex(20)}.{account_id.hex}"


def present_account() -> str:
    """Return the id of the signed-in account, as tokens contain it; empty for nobody."""
    return current_user.id.hex if current_user.is_authenticated else ""


def keep_for(account_id: UUID) -> dict[str, Any]:
    """Return the part of the old session that a sign-in keeps: a rejected form of the account."""
    left = session.get(LEFT)
    return {LEFT: left} if left and left["by"] == account_id.hex else {}


def offer_again() -> ResponseReturnValue | None:
    """Redirect to the page of a rejected form, through the sign-in page if necessary.

    Returns None if the request is not a form of this app.
    """
    owner = _owner(_sent().get(TOKEN, ""))
    if owner is None or not (owner or _is_open()):
        return None
    page = nearest_page()
    _leave(owner, page)
    if owner in ("", present_account()):
        return redirect(page)
    return redirect(url_for("accounts.sign_in", next=page, ended=1))


def keep_typed() -> None:
    """Keep what the signed-in account typed into a form, until its page is shown again."""
    owner = _owner(_sent().get(TOKEN, ""))
    if owner == present_account():
        _leave(owner, nearest_page())


def leave_unparsed() -> None:
    """Read no more of a form that exceeds its bounds than the fields at its start."""
    if "form" not in vars(request):
        g.sent_fields = _first_fields()


def take_along(page: str, typed: MultiDict[str, str], *, files: bool) -> None:
    """Keep what a form that was not sent contains, until its page is shown in another language."""
    _keep(present_account(), page, typed, files=files)


def typed_before() -> MultiDict[str, str] | None:
    """Return what its owner typed into this page's form earlier; None if nothing is kept."""
    if "typed_before" not in g:
        g.typed_before = _taken()
    return g.typed_before


def _owner(token: str) -> str | None:
    """Return the account of a token, empty for nobody; None if the token is not from this app."""
    serializer = URLSafeTimedSerializer(current_app.secret_key or "", salt="wtf-csrf-token")
    try:
        return str(serializer.loads(token)).partition(".")[2]
    except BadData:
        return None


def _is_open() -> bool:
    """Return whether a form without an account may be restored: anybody can have one."""
    is_page = not current_user.is_authenticated or is_shown(request.path)
    return is_page and rule_of(request.endpoint or "") in OPEN


def _sent() -> MultiDict[str, str]:
    """Return the fields of the form, without reading photos of a client that may not send them.

    Browsers send fields before files, so the start of a body contains what was typed. Up to
    SMALL_BODY bytes are read, and only for clients with a session cookie of this app.
    """
    if "sent_fields" not in g:
        is_read = "form" in vars(request) or (request.content_length or 0) <= SMALL_BODY
        g.sent_fields = request.form if is_read else _first_fields()
    return g.sent_fields


def _first_fields() -> MultiDict[str, str]:
    fields: MultiDict[str, str] = MultiDict()
    boundary = request.mimetype_params.get("boundary", "").encode()
    if request.mimetype != "multipart/form-data" or not boundary or TOKEN not in session:
        return fields
    decoder = MultipartDecoder(boundary, max_parts=MOST_PARTS)
    decoder.receive_data(request.environ["wsgi.input"].read(SMALL_BODY))
    name, value = "", b""
    with suppress(ValueError, RequestEntityTooLarge):  # malformed or too many: no further fields
        while not isinstance(event := decoder.next_event(), File | NeedData | Epilogue):
            if isinstance(event, Field):
                name, value = event.name, b""
            elif isinstance(event, Data):
                value += event.data
                if not event.more_data:
                    fields.add(name, value.decode(errors="replace"))
    return fields


def _leave(owner: str, page: str) -> None:
    files = "form" not in vars(request) or any(map(chosen, request.files.listvalues()))
    _keep(owner, page, _sent(), files=files)


def _keep(owner: str, page: str, typed: MultiDict[str, str], *, files: bool) -> None:
    session[LEFT] = {
        "by": owner,
        "page": page,
        "fields": _fields(typed),
        "files": files,
        "until": (now() + TIME_TO_COME_BACK).isoformat(),
    }


def _fields(typed: MultiDict[str, str]) -> list[tuple[str, str]]:
    kept: list[tuple[str, str]] = []
    for name, value in typed.items(multi=True):
        if name.rpartition("-")[2] not in NOT_KEPT and _fits([*kept, (name, value)]):
            kept.append((name, value))
    return kept


def _fits(fields: list[tuple[str, str]]) -> bool:
    if sum(len(name) + len(value) for name, value in fields) > MOST_CHARACTERS:
        return False
    return len(zlib.compress(json.dumps(fields).encode())) <= MOST_BYTES


def _taken() -> MultiDict[str, str] | None:
    left = session.get(LEFT)
    if request.method != "GET" or not left or not _is_here(left["page"]):
        return None
    if left["by"] not in ("", present_account()):
        return None
    del session[LEFT]
    if now() > datetime.fromisoformat(left["until"]):
        return None
    flash(_("Nothing was sent yet. Check what is here, then send it once more."), "warning")
    if left["files"]:
        flash(_("Please choose the photos again; the rest is still here."), "warning")
    return MultiDict(left["fields"])


def _is_here(page: str) -> bool:
    """Return whether a page is the current one; forms may escape its query differently."""
    parts = urlsplit(page)
    is_path = parts.path == request.script_root + request.path
    return is_path and MultiDict(parse_qsl(parts.query)) == request.args
