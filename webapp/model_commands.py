"""Commands for the models: `flask --app wsgi models NAME`."""

from __future__ import annotations

from uuid import UUID

import click
from flask.cli import AppGroup, with_appcontext

from ml import ArtifactError
from webapp import jobs
from webapp.errors import PicturesUnusable
from webapp.models import Job, JobState
from webapp.recognition import recognition
from webapp.services import serving
from webapp.services.background import KINDS
from webapp.services.serving import CHANGE_MODEL, InstalledModel

model_commands = AppGroup("models", help="Which models are installed, and which one serves.")


@model_commands.command("list")
@with_appcontext
def list_models() -> None:
    """Show the installed models; the one that serves is marked by a star."""
    for model in serving.installed_models():
        click.echo(f"{'*' if model.serves else ' '} {model.name}: {_words(model)}")


@model_commands.command("use")
@click.argument("name")
@with_appcontext
def use(name: str) -> None:
    """Let a model serve, once every picture is embedded by it; the old one serves until then."""
    _change_to(name)


@model_commands.command("reembed")
@with_appcontext
def reembed() -> None:
    """Embed every picture that has no embedding by the model that is to serve."""
    _change_to(recognition().choice.name)


@model_commands.command("status")
@with_appcontext
def status() -> None:
    """Show which model serves, and how far a change of it is."""
    choice = recognition().choice
    click.echo(f"{choice.name} serves{f' as {choice.model_id}' if choice.model_id else ''}")
    for model in serving.installed_models():
        if model.job and (model.job.is_unfinished or model.job.state == JobState.FAILED):
            click.echo(f"change to {model.name}: {_progress(model.job)}")


def _change_to(name: str) -> None:
    try:
        job_id = serving.start_change(name, None)
    except ArtifactError as error:
        raise click.ClickException(str(error)) from error
    _work_on(name, job_id)
    job = jobs.newest(CHANGE_MODEL, name)
    if job and job.state == JobState.FAILED:
        raise click.ClickException(f"{name} does not serve: {_reason(job)}")
    click.echo(f"{name} serves.")


def _work_on(name: str, job_id: UUID) -> None:
    with click.progressbar(length=0, label=f"Pictures embedded by {name}") as bar:

        def show(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        try:
            mine = jobs.run_one(KINDS, job_id, show)
        except KeyboardInterrupt:
            raise click.ClickException(
                "stopped; what is done stays. A server that runs goes on by itself, otherwise: "
                f"flask --app wsgi models use {name}"
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
