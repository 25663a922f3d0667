"""Registration of the operator's commands: `flask --app wsgi NAME`."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

import click
from flask import Flask
from flask.cli import with_appcontext
from sqlalchemy.exc import SQLAlchemyError

from webapp.cli.accounts import account_commands
from webapp.cli.api_keys import api_key_commands
from webapp.cli.audit import audit_commands
from webapp.cli.database_copy import copy_database_command
from webapp.cli.import_folder import import_folder_command
from webapp.cli.jobs import job_commands
from webapp.cli.liveness import liveness_report_command
from webapp.cli.models import model_commands
from webapp.cli.operations import care_commands
from webapp.cli.settings import settings_command
from webapp.crypto.self_signed import local_address, make_certificate
from webapp.crypto.vault import VaultError
from webapp.db.damage import DatabaseDamaged, explain
from webapp.errors.models import VectorsImpossible
from webapp.settings import current_settings
from webapp.startup.not_ready import NotReady
from webapp.startup.prepare import PRIVATE_FOLDER, prepare

# Marks a callback that is wrapped: commands are shared by all apps of a process.
EXPLAINED = "explains_failures"
# The group may read a certificate of an authority, as with Debian's group ssl-cert.
OTHERS = 0o007


def add_commands(app: Flask) -> None:
    """Register the commands with the app."""
    app.cli.add_command(account_commands)
    app.cli.add_command(api_key_commands)
    app.cli.add_command(audit_commands)
    for command in care_commands:
        app.cli.add_command(command)
    app.cli.add_command(copy_database_command)
    app.cli.add_command(import_folder_command)
    app.cli.add_command(job_commands)
    app.cli.add_command(liveness_report_command)
    app.cli.add_command(model_commands)
    app.cli.add_command(prepare_command)
    app.cli.add_command(certificate_command)
    app.cli.add_command(settings_command)
    _explain_failures(app.cli)


def _explain_failures(group: click.Group) -> None:
    """Print database errors of all commands as one sentence, also those of libraries."""
    for command in group.commands.values():
        if isinstance(command, click.Group):
            _explain_failures(command)
        elif command.callback and not hasattr(command.callback, EXPLAINED):
            command.callback = _explained(command.callback)


def _explained(callback: Callable[..., object]) -> Callable[..., object]:
    @wraps(callback)
    def run(*args: object, **options: object) -> object:
        try:
            return callback(*args, **options)
        except SQLAlchemyError as error:
            raise click.ClickException(explain(error)) from error
        except DatabaseDamaged as error:
            raise click.ClickException(str(error)) from error

    setattr(run, EXPLAINED, True)
    return run


@click.command("prepare")
@click.option("--url", default="http://127.0.0.1:8000", help="where people reach the app")
@with_appcontext
def prepare_command(url: str) -> None:
    """Create missing secrets, update the database, and print the address of the app."""
    try:
        token = prepare()
    except (NotReady, VaultError, VectorsImpossible) as error:
        raise click.ClickException(str(error)) from error
    if token is None:
        click.echo(f"Open {url}")
        return
    click.echo("No account exists yet. Create the administrator with this one-time link:")
    click.echo(f"    {url.rstrip('/')}/setup/{token}")


@click.command("certificate")
@with_appcontext
def certificate_command() -> None:
    """Make a certificate for HTTPS on the local network, and print this machine's address."""
    settings = current_settings()
    settings.instance.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    address = local_address()
    make_certificate(settings.certificate_file, settings.certificate_key_file, address)
    key = settings.certificate_key_file
    if key.exists() and key.stat().st_mode & OTHERS:
        raise click.ClickException(f"{key} can be read by every user. Run: chmod 600 {key}")
    click.echo(address)
