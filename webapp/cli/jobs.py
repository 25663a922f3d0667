"""Commands for background jobs: `flask --app wsgi jobs NAME`."""

from __future__ import annotations

from threading import Event

import click
from flask.cli import AppGroup, with_appcontext
from sqlalchemy import select

from webapp.db.engine import db
from webapp.db.models import Job
from webapp.jobs import queue
from webapp.startup.job_handlers import JOB_HANDLERS

LISTED = 20

job_commands = AppGroup("jobs", help="Background jobs: list them, run the due ones.")


@job_commands.command("run")
@with_appcontext
def run() -> None:
    """Run the due jobs once, for cron; a server runs them automatically."""
    click.echo(f"{queue.run_due(JOB_HANDLERS, Event())} jobs done")


@job_commands.command("list")
@with_appcontext
def list_jobs() -> None:
    """List the newest jobs with state and progress."""
    for job in db.session.scalars(select(Job).order_by(Job.created_at.desc()).limit(LISTED)):
        progress = f"{job.done}/{job.total}" if job.total else ""
        words = (f"{job.created_at:%Y-%m-%d %H:%M}", job.kind, job.subject, job.state, progress)
        click.echo("  ".join(filter(None, (*words, job.error))))
