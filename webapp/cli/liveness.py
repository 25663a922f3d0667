"""Command that reports liveness error rates: `flask --app wsgi liveness-report`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click
from flask.cli import with_appcontext

from webapp.core.actor import SERVER
from webapp.db.models import now
from webapp.services.liveness import report
from webapp.services.liveness.report import Rate
from webapp.services.liveness.results import GENUINE, LABELS

TITLES = {
    "genuine": "people refused (BPCER)",
    "printed": "printed photos passed (APCER)",
    "screen": "photos on screens passed (APCER)",
    "film": "films on screens passed (APCER)",
    "other": "other attacks passed (APCER)",
}


@click.command("liveness-report")
@click.option(
    "--label",
    type=click.Choice(LABELS),
    help="first label the unlabelled challenges of the last minutes",
)
@click.option(
    "--minutes",
    type=click.IntRange(1, 24 * 60),
    default=10,
    show_default=True,
    help="age of the challenges to label",
)
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="first day to count, in UTC")
@with_appcontext
def liveness_report_command(label: str | None, minutes: int, since: datetime | None) -> None:
    """Print APCER and BPCER of labelled challenges, with 95 % intervals."""
    if label:
        labelled = report.label_since(now() - timedelta(minutes=minutes), label, SERVER)
        click.echo(f"Labelled {labelled} challenges of the last {minutes} minutes as {label}.")
    rates = report.report(since.replace(tzinfo=UTC) if since else None)
    for rate in rates:
        click.echo(_line(rate))


def _line(rate: Rate) -> str:
    words = f"{TITLES[rate.label]:34}"
    unanswered = f", {rate.unanswered} not finished" if rate.unanswered else ""
    if rate.share is None:
        return f"{words}none labelled{unanswered}"
    if rate.label == GENUINE and rate.unanswered:
        unanswered += " among them"
    interval = f"{rate.low:.1%} to {rate.high:.1%}"
    return f"{words}{rate.errors} of {rate.trials}, {rate.share:.1%} ({interval}){unanswered}"
