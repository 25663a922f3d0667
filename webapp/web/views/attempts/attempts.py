"""The attempts: list, filter, and export as CSV."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from uuid import UUID

from flask import Blueprint, Response, render_template, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue

from webapp.core.csv_cells import TableWriter
from webapp.errors.matching import UnknownAttempt
from webapp.messages import summarise
from webapp.services.attempts.attempt_log import (
    AttemptRecord,
    every_attempt,
    find_attempt,
    list_attempts,
)
from webapp.web.access import operator
from webapp.web.current_user import current_actor
from webapp.web.display.time_zone import ReaderZone, reader_zone
from webapp.web.error_pages import answer
from webapp.web.forms.attempts import AttemptsForm
from webapp.web.wording import thresholds

blueprint = Blueprint("attempts", __name__)
COLUMNS = (
    "time",
    "zone",
    "time_utc",
    "kind",
    "outcome",
    "person",
    "score",
    "threshold_score",
    "similarity",
    "threshold",
    "rule",
    "model",
    "pictures_compared",
    "milliseconds",
    "complaints",
    "asked_by",
)


@blueprint.get("/attempts")
@operator
def index() -> ResponseReturnValue:
    """Context: page (Page of AttemptRow), form (filters), filters (those in use, for links)."""
    form = AttemptsForm(request.args)
    page = list_attempts(request.args.get("page", 1, type=int), form.criteria(reader_zone().info))
    in_use = {key: value for key, value in request.args.items() if value and key in form}
    return render_template("attempts/index.html", page=page, form=form, filters=in_use)


@blueprint.errorhandler(UnknownAttempt)
def unknown(_error: UnknownAttempt) -> ResponseReturnValue:
    """Answer 404 for an attempt that does not exist."""
    return answer(404, back=url_for("attempts.index"))


@blueprint.get("/attempts/<uuid:attempt_id>")
@operator
def show(attempt_id: UUID) -> str:
    """Context: record (AttemptRecord), words (of rules), summarise (complaints in words)."""
    return render_template(
        "attempts/show.html",
        record=find_attempt(attempt_id),
        words=thresholds,
        summarise=summarise,
    )


@blueprint.get("/attempts.csv")
@operator
def export() -> Response:
    """Return the attempts that match the filters as CSV; days and times in the reader's zone."""
    zone = reader_zone()
    rows = every_attempt(AttemptsForm(request.args).criteria(zone.info), current_actor())
    table = Response(stream_with_context(_lines(rows, zone)), mimetype="text/csv")
    table.headers["Content-Disposition"] = 'attachment; filename="attempts.csv"'
    return table


def _lines(records: Iterable[AttemptRecord], zone: ReaderZone) -> Iterator[str]:
    line = io.StringIO()
    table = TableWriter(line)
    table.write(COLUMNS)
    for record in records:
        yield line.getvalue()
        line.seek(0)
        line.truncate()
        table.write(_cells(record, zone))
    yield line.getvalue()


def _cells(record: AttemptRecord, zone: ReaderZone) -> list[object]:
    row = record.row
    return [
        row.created_at.astimezone(zone.info).isoformat(timespec="seconds"),
        zone.name,
        row.created_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        row.kind,
        "match" if row.match else "no match",
        row.claim,
        _rounded(row.score, 2),
        _rounded(row.threshold_score, 2),
        round(record.similarity, 6),
        round(record.threshold, 6),
        record.rule,
        record.model_id,
        record.anchors_compared,
        round(row.milliseconds),
        " ".join(record.reasons),
        record.asked_by,
    ]


def _rounded(value: float | None, digits: int) -> float | str:
    return "" if value is None else round(value, digits)
