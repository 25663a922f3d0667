"""Commands for face models: `flask --app wsgi models NAME`."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import click
from flask.cli import AppGroup, with_appcontext
from flask_babel import force_locale

from ml import ArtifactError
from webapp.core.actor import SERVER
from webapp.core.text import is_shown, normalize_name
from webapp.db.models import Job, JobState
from webapp.db.models.changes import REASON_LENGTH
from webapp.errors.models import LicenceNotAccepted, PicturesUnusable
from webapp.errors.thresholds import ConfirmationNeeded
from webapp.inference.active_model import active_model
from webapp.jobs import queue
from webapp.services.models import selection
from webapp.services.models.selection import CHANGE_MODEL, InstalledModel
from webapp.startup.job_handlers import JOB_HANDLERS
from webapp.web.wording import dangers as danger_words

model_commands = AppGroup("models", help="Installed face models, and the active one.")


@model_commands.command("list")
@with_appcontext
def list_models() -> None:
    """List the installed models; a star marks the active one."""
    for model in selection.installed_models():
        click.echo(f"{'*' if model.serves else ' '} {model.name}: {_describe(model)}")


@model_commands.command("use")
@click.argument("name")
@click.option("--reason", required=True, help="reason for the history and the audit log")
@click.option("--accept-licence", is_flag=True, help="acknowledge a licence that restricts the use")
@click.option("--confirm", is_flag=True, help="accept a dangerous threshold under this model")
@with_appcontext
def use(name: str, reason: str, accept_licence: bool, confirm: bool) -> None:
    """Embed every photo with a model, then make it the active one."""
    normalized = normalize_name(reason)
    if not normalized or len(normalized) > REASON_LENGTH or not is_shown(normalized):
        raise click.ClickException(f"--reason takes 1 to {REASON_LENGTH} printable characters.")

    def start() -> UUID:
        return selection.start_change(
            name, normalized, SERVER, licence_accepted=accept_licence, confirmed=confirm
        )

    _run_change(name, start)


@model_commands.command("reembed")
@with_appcontext
def reembed() -> None:
    """Embed the photos that have no embedding by the chosen model."""
    _run_change(active_model().choice.name, lambda: selection.start_embedding(SERVER))


@model_commands.command("status")
@with_appcontext
def status() -> None:
    """Show the active model, and the progress of a change."""
    choice = active_model().choice
    click.echo(f"Active model: {choice.name}{f' ({choice.model_id})' if choice.model_id else ''}")
    for model in selection.installed_models():
        if model.job and (model.job.is_unfinished or model.job.state == JobState.FAILED):
            click.echo(f"change to {model.name}: {_progress(model.job)}")


def _run_change(name: str, start: Callable[[], UUID]) -> None:
    """Start a change of the active model, and run it here to its end."""
    try:
        job_id = start()
    except ArtifactError as error:
        raise click.ClickException(str(error)) from error
    except LicenceNotAccepted as error:
        raise click.ClickException(
            f"The licence of {name} restricts its use: {error.details['licence']}. "
            "Read it. To accept it, add: --accept-licence"
        ) from error
    except ConfirmationNeeded as error:
        with force_locale("en"):
            dangers = danger_words.sentences(error.dangers)
        raise click.ClickException(
            f"The threshold under {name} is dangerous. {dangers} To accept it, add: --confirm"
        ) from error
    _run_job(name, job_id)
    job = queue.newest(CHANGE_MODEL, name)
    if job and job.state == JobState.FAILED:
        raise click.ClickException(f"{name} was not activated: {_reason(job)}")
    click.echo(f"{name} is active.")


def _run_job(name: str, job_id: UUID) -> None:
    with click.progressbar(length=0, label=f"Photos embedded by {name}") as bar:

        def show(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        try:
            ran_here = queue.run_one(JOB_HANDLERS, job_id, show)
        except KeyboardInterrupt:
            raise click.ClickException(
                "Stopped; finished steps are kept. A running server resumes automatically. "
                "Otherwise run: flask --app wsgi jobs run"
            ) from None
    if not ran_here:
        raise click.ClickException(
            "Another process already runs this change. Run: flask --app wsgi models status"
        )


def _describe(model: InstalledModel) -> str:
    description = model.description
    parts = [f"{description.title} ({description.terms})"] if description else []
    if model.unembedded:
        parts.append(f"{model.unembedded} photos to embed")
    return "; ".join([*parts, *([model.problem] if model.problem else [])])


def _reason(job: Job) -> str:
    if job.error == PicturesUnusable.code:
        return "it finds no face in some of the photos; the page Models lists the people"
    return job.error or "unknown"


def _progress(job: Job) -> str:
    reason = f": {_reason(job)}" if job.state == JobState.FAILED else ""
    return f"{job.state}, {job.done} of {job.total} photos{reason}"
