"""Commands for the models: `flask --app wsgi models NAME`."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import click
from flask.cli import AppGroup, with_appcontext
from flask_babel import force_locale

from ml import ArtifactError
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

model_commands = AppGroup("models", help="Which models are installed, and which one serves.")


@model_commands.command("list")
@with_appcontext
def list_models() -> None:
    """Show the installed models; the one that serves is marked by a star."""
    for model in selection.installed_models():
        click.echo(f"{'*' if model.serves else ' '} {model.name}: {_words(model)}")


@model_commands.command("use")
@click.argument("name")
@click.option("--reason", required=True, help="why; kept in the history and the audit log")
@click.option("--accept-licence", is_flag=True, help="acknowledge a licence that restricts the use")
@click.option("--confirm", is_flag=True, help="confirm a threshold that is dangerous under it")
@with_appcontext
def use(name: str, reason: str, accept_licence: bool, confirm: bool) -> None:
    """Make a model the active one, once every picture is embedded by it."""
    tidied = normalize_name(reason)
    if not tidied or len(tidied) > REASON_LENGTH or not is_shown(tidied):
        raise click.ClickException(f"--reason takes 1 to {REASON_LENGTH} printable characters")

    def start() -> UUID:
        return selection.start_change(
            name, tidied, None, licence_accepted=accept_licence, confirmed=confirm
        )

    _work_on(name, start)


@model_commands.command("reembed")
@with_appcontext
def reembed() -> None:
    """Embed every picture that has no embedding by the model that is to serve."""
    _work_on(active_model().choice.name, lambda: selection.start_embedding(None))


@model_commands.command("status")
@with_appcontext
def status() -> None:
    """Show which model serves, and how far a change of it is."""
    choice = active_model().choice
    click.echo(f"{choice.name} serves{f' as {choice.model_id}' if choice.model_id else ''}")
    for model in selection.installed_models():
        if model.job and (model.job.is_unfinished or model.job.state == JobState.FAILED):
            click.echo(f"change to {model.name}: {_progress(model.job)}")


def _work_on(name: str, start: Callable[[], UUID]) -> None:
    """Begin the change of the active model, and work on it here until it is done."""
    try:
        job_id = start()
    except ArtifactError as error:
        raise click.ClickException(str(error)) from error
    except LicenceNotAccepted as error:
        raise click.ClickException(
            f"{name} is not free for every use: {error.details['licence']}. "
            "Read its licence; to use it all the same, add: --accept-licence"
        ) from error
    except ConfirmationNeeded as error:
        with force_locale("en"):
            dangers = danger_words.sentences(error.dangers)
        raise click.ClickException(
            f"the threshold under {name} is dangerous. {dangers} "
            "To use it all the same, add: --confirm"
        ) from error
    _show(name, job_id)
    job = queue.newest(CHANGE_MODEL, name)
    if job and job.state == JobState.FAILED:
        raise click.ClickException(f"{name} does not serve: {_reason(job)}")
    click.echo(f"{name} serves.")


def _show(name: str, job_id: UUID) -> None:
    with click.progressbar(length=0, label=f"Pictures embedded by {name}") as bar:

        def show(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        try:
            mine = queue.run_one(JOB_HANDLERS, job_id, show)
        except KeyboardInterrupt:
            raise click.ClickException(
                "stopped; what is done stays. A server that runs goes on by itself, otherwise: "
                "flask --app wsgi jobs run"
            ) from None
    if not mine:
        raise click.ClickException(
            "a process is at it already; see: flask --app wsgi models status"
        )


def _words(model: InstalledModel) -> str:
    described = model.description
    words = [f"{described.title} ({described.terms})"] if described else []
    if model.unembedded:
        words.append(f"{model.unembedded} pictures to embed")
    return "; ".join([*words, *([model.problem] if model.problem else [])])


def _reason(job: Job) -> str:
    if job.error == PicturesUnusable.code:
        return "it finds no face in some of the pictures; the page of the models names the people"
    return job.error or "unknown"


def _progress(job: Job) -> str:
    failed = f": {_reason(job)}" if job.state == JobState.FAILED else ""
    return f"{job.state}, {job.done} of {job.total} pictures{failed}"
