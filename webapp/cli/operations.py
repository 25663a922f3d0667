"""Commands that look after what is stored: keys, backups, retention."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from flask.cli import AppGroup, with_appcontext

from ml import ArtifactError
from webapp.crypto.vault import VaultError
from webapp.errors.base import ServiceError
from webapp.services import audit, audit_head
from webapp.services.accounts import accounts
from webapp.services.backup import backup as backups
from webapp.services.backup import key_ring as rings
from webapp.services.backup import master_key_rotation
from webapp.services.people import retention
from webapp.settings import current_settings
from webapp.startup.prepare import prepare

file_argument = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
key_commands = AppGroup("keys", help="The master key.")
retention_commands = AppGroup("retention", help="People whose time is over.")


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except (ArtifactError, ServiceError, VaultError, OSError, sqlite3.Error) as error:
        raise click.ClickException(str(error)) from error


@key_commands.command("rotate")
def rotate() -> None:
    """Let a new master key take over; if it is interrupted, start it again."""
    with _explained():
        done = master_key_rotation.rotate(lambda left: click.echo(f"{left} keys left"))
    click.echo(
        f"{done} keys are wrapped by the new master key. Keep a copy of it, not the old one."
    )
    ring = current_settings().key_ring_file
    if ring.exists():
        click.echo(
            f"Copy {ring} to where the key ring is kept, over the copy before, and only then "
            "destroy the old master key: that copy does not open with the new one."
        )


@click.command("backup")
@file_argument
@with_appcontext
def backup(file: Path) -> None:
    """Write an encrypted backup while the app runs, and the key ring that opens it."""
    with _explained():
        backups.back_up(file.absolute())
    ring = current_settings().key_ring_file
    click.echo(f"{file} is written and checked. It opens with {ring} and the master key only.")


@click.command("restore")
@file_argument
@click.option("--key-ring", type=click.Path(path_type=Path, dir_okay=False), help="the newest one")
@click.option(
    "--without-newer",
    is_flag=True,
    help="Give up whoever is on the key ring and not in this backup: no backup opens for them.",
)
@with_appcontext
def restore(file: Path, key_ring: Path | None, without_newer: bool) -> None:
    """Put a backup in the place of the database. Stop the app before."""
    ring = key_ring or current_settings().key_ring_file
    with _explained():
        people = backups.restore(file.absolute(), ring, without_newer=without_newer)
        prepare()
        audit.record_now(rings.RESTORED, people=people, without_newer=without_newer)
        audit_head.begin_head_file(overwrite=True)
    click.echo(f"{people} people are back.")
    _name_accounts()
    with _explained():
        rings.write(replaces_foreign=True)


def _name_accounts() -> None:
    """Say who may sign in again: whoever lost that since the backup has it back."""
    back = accounts.list_accounts()
    if not back:
        return
    click.echo("So are these accounts, with the passwords and second factors of the backup's day:")
    for account in back:
        click.echo(f"    {account.username}  {account.role}")
    click.echo(
        "Check them. Whoever left, or whose password was changed since, can sign in as before; "
        "run: flask --app wsgi account delete NAME, or: flask --app wsgi account password NAME"
    )


@retention_commands.command("run")
def run_retention() -> None:
    """Delete the people whose time is over. For cron; the server does the same once a day."""
    with _explained():
        click.echo(f"{retention.delete_expired()} people deleted")


care_commands = (key_commands, backup, restore, retention_commands)
