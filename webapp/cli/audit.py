"""Commands for the audit log: `flask --app wsgi audit NAME`."""

from __future__ import annotations

import json
import sys

import click
from flask.cli import AppGroup

from webapp.services import audit, audit_verification
from webapp.services.audit import Head

audit_commands = AppGroup("audit", help="Verify and export the audit log.")


def _parse_heads(
    _context: click.Context, _parameter: click.Parameter, texts: tuple[str, ...]
) -> object:
    try:
        return tuple(map(Head.parse, texts))
    except ValueError as error:
        raise click.BadParameter("A head has the form 123:89abcdef…") from error


@audit_commands.command("verify")
@click.option(
    "--head", "heads", multiple=True, callback=_parse_heads, help="a head printed by `audit head`"
)
def verify(heads: tuple[Head, ...]) -> None:
    """Check that no entry was changed, inserted or removed, and the end not truncated."""
    verdict = audit_verification.verify_here(*heads)
    if verdict.problem:
        raise click.ClickException(f"{verdict.entries} entries are valid, but {verdict.problem}")
    click.echo(f"All {verdict.entries} entries are valid.")


@audit_commands.command("head")
def head() -> None:
    """Print number and signature of the newest entry; store them outside this server."""
    newest = audit.head()
    click.echo(newest or "The audit log is empty.", err=newest is None)


@audit_commands.command("export")
def export() -> None:
    """Print every entry as one line of JSON."""
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
