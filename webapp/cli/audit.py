"""Commands for the audit log: `flask --app wsgi audit NAME`."""

from __future__ import annotations

import json
import sys

import click
from flask.cli import AppGroup

from webapp.services import audit, audit_verification
from webapp.services.audit import Head

audit_commands = AppGroup("audit", help="The audit log: check it, note its head, export it.")


def _heads(_context: click.Context, _parameter: click.Parameter, texts: tuple[str, ...]) -> object:
    try:
        return tuple(map(Head.parse, texts))
    except ValueError as error:
        raise click.BadParameter("a head looks like 123:89abcdef…") from error


@audit_commands.command("verify")
@click.option("--head", "heads", multiple=True, callback=_heads, help="noted by `audit head`")
def verify(heads: tuple[Head, ...]) -> None:
    """Check that no entry was changed, added, left out or cut off."""
    verdict = audit_verification.verify_here(*heads)
    if verdict.problem:
        raise click.ClickException(f"{verdict.entries} entries hold, but {verdict.problem}")
    click.echo(f"All {verdict.entries} entries hold.")


@audit_commands.command("head")
def head() -> None:
    """Print number and signature of the newest entry: note it where this server cannot reach."""
    newest = audit.head()
    click.echo(newest or "there are no entries yet", err=newest is None)


@audit_commands.command("export")
def export() -> None:
    """Print every entry as a line of JSON."""
    for entry in audit.entries():
        line = {
            "number": entry.number,
            "at": entry.at.isoformat(),
            "event": entry.event,
            "account": entry.account_id,
            "address": entry.address,
            "details": json.loads(entry.details),
            "mac": entry.mac.hex(),
        }
        sys.stdout.write(json.dumps(line, default=str) + "\n")
