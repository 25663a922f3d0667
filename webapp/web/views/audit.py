"""The audit log, for administrators."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from webapp.services import audit, audit_entries
from webapp.web.access import admin
from webapp.web.wording.audit import event_name

blueprint = Blueprint("audit", __name__)


@blueprint.get("/audit")
@admin
def index() -> str:
    """Context: page (Page of EntryRow), event (shown alone, or empty), events, event_name, head."""
    event = request.args.get("event", "")
    return render_template(
        "audit/index.html",
        page=audit_entries.list_entries(request.args.get("page", 1, type=int), event),
        event=event,
        events=audit_entries.events(),
        event_name=event_name,
        head=audit.head(),
    )
