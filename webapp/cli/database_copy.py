"""Command that moves an installation to another database: `flask --app wsgi copy-database`."""

from __future__ import annotations

import re

import click
from click.core import ParameterSource
from flask.cli import with_appcontext
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import SQLAlchemyError

from webapp.core.setting_types import WrongSetting, database_url
from webapp.db.damage import explain
from webapp.db.engine import engine_options, prepare_engine
from webapp.errors.backup import CopyImpossible
from webapp.services.backup.database_copy import copy_database
from webapp.startup.not_ready import NotReady
from webapp.startup.schema import bring_up_to_date, check_version

PASSWORD = re.compile(r"^[^/]*//[^/@]*:[^/@]+@")


@click.command("copy-database")
@click.option(
    "--from", "source", required=True, envvar="COPY_FROM", help="sqlite:///… or postgresql://…"
)
@click.option(
    "--to", "target", required=True, envvar="COPY_TO", help="an empty database: postgresql://…"
)
@with_appcontext
def copy_database_command(source: str, target: str) -> None:
    """Copy all rows into an empty database, and compare. Stop the app first.

    Safe to interrupt; run it again to resume. Then set DATABASE_URL to the copy. Keys and secrets
    stay in the instance folder. Keep passwords off the command line: set COPY_FROM and COPY_TO.
    """
    try:
        old, new = _engine("--from", source), _engine("--to", target)
        _check_no_password()
        check_version(old)
        bring_up_to_date(new)
        with _Progress() as progress:
            counts = copy_database(old, new, progress.show)
    except KeyboardInterrupt:
        raise click.ClickException("Stopped. Run the same command to resume.") from None
    except SQLAlchemyError as error:
        raise click.ClickException(explain(error)) from error
    except (CopyImpossible, NotReady, WrongSetting) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"Copied and compared {sum(counts.values())} rows of {len(counts)} tables.")
    click.echo(
        "Later deletions do not reach the source. Once the copy serves, destroy the source, its "
        "backups, and its key ring with all copies."
    )


def _check_no_password() -> None:
    context = click.get_current_context()
    for name, variable in (("source", "COPY_FROM"), ("target", "COPY_TO")):
        typed = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if typed and PASSWORD.search(context.params[name]):
            raise click.UsageError(
                "Every user of this machine can see a password on the command line. Set the "
                f"environment variable {variable} to the address instead."
            )


class _Progress:
    """A line for each table, overwritten as rows arrive."""

    def __init__(self) -> None:
        self._table = ""

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._table:
            click.echo()

    def show(self, table: str, done: int, total: int) -> None:
        """Show the progress of a table."""
        if self._table and table != self._table:
            click.echo()
        self._table = table
        click.echo(f"\r{table}: {done} of {total}", nl=False)


def _engine(option: str, url: str) -> Engine:
    sqlalchemy_url = database_url(url, option)
    engine = create_engine(sqlalchemy_url, **engine_options(sqlalchemy_url))
    prepare_engine(engine)
    return engine
