"""Command that prints the settings, and their reference page: `flask --app wsgi settings`."""

from __future__ import annotations

from collections.abc import Iterator

import click
from flask.cli import with_appcontext
from pydantic.fields import FieldInfo
from sqlalchemy import make_url

from webapp.core.setting_types import ACCEPTED, DEFAULT, SECTION, documentation
from webapp.settings import LIMITS, NETWORK, PEOPLE, PROCESSES, Settings, current_settings

MASKED = "***"
SECRETS = {"master_key", "previous_master_key"}
HEADER = """\
<!-- Generated: flask --app wsgi settings --reference -->
# Settings

Settings are environment variables. They are read and checked once, at start. A wrong value stops \
the app; the message names the setting and the accepted values. Restart the app after a change.

`flask --app wsgi settings` prints the current values and their sources.
"""
TABLE = "| variable | default | accepted | meaning |\n|---|---|---|---|"
INTRODUCTIONS = {
    PEOPLE: "`CONTROLLER`, `CONTACT` and `PURPOSE` are on the privacy page, and recorded with each "
    "consent.",
    LIMITS: "An address is an IPv4 address or the /64 of an IPv6 address. Its requests are counted "
    "in the database for all processes together; only `GUIDANCE_LIMIT` is counted by each process.",
    PROCESSES: "`gunicorn.conf.py` reads `WORKERS`, and derives defaults of the others from it.",
}
# Variables that gunicorn.conf.py reads, not the app.
SERVER_ROWS = {
    NETWORK: (
        "| `SCRIPT_NAME` | none | a path, as `/faces` | the path that the app is below, where the "
        "proxy leaves it in the address |",
    ),
    PROCESSES: (
        "| `WORKERS` | `1` | a number | gunicorn's processes |",
        "| `OMP_NUM_THREADS` | `1` | a number | numpy's threads in a process; a face is computed "
        "on one core |",
    ),
}
FOOTER = (
    "`FACES_DATA` names the folder of data sets for the laboratory and the tests "
    "(`../shared/data` by default). The app does not read it."
)


@click.command("settings")
@click.option("--reference", is_flag=True, help="print docs/reference/settings.md instead")
@with_appcontext
def settings_command(reference: bool) -> None:
    """Print every setting with its value and source; secrets are masked.

    A server derives FACES_AT_ONCE, FACES_WAITING and THREADS from WORKERS unless they are set.
    """
    if reference:
        click.echo(reference_page())
        return
    settings = current_settings()
    for name in _variables():
        source = "environment" if name in settings.model_fields_set else "default"
        click.echo(f"{name.upper():25}{source:13}{_value(settings, name)}".rstrip())


def reference_page() -> str:
    """Return the Markdown of docs/reference/settings.md."""
    sections: dict[str, list[str]] = {}
    for name, field in _variables().items():
        facts = documentation(field)
        rows = sections.setdefault(facts[SECTION], list(SERVER_ROWS.get(facts[SECTION], ())))
        cells = (f"`{name.upper()}`", facts[DEFAULT], facts[ACCEPTED], field.description)
        rows.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join([HEADER, *_tables(sections), FOOTER])


def _tables(sections: dict[str, list[str]]) -> Iterator[str]:
    for section, rows in sections.items():
        yield f"## {section}"
        if section in INTRODUCTIONS:
            yield f"{INTRODUCTIONS[section]}\n"
        yield "\n".join([TABLE, *rows, ""])


def _variables() -> dict[str, FieldInfo]:
    fields = Settings.model_fields
    return {name: field for name, field in fields.items() if documentation(field)}


def _value(settings: Settings, name: str) -> str:
    if name == "database_url":
        return _without_password(settings.database)
    if name == "key_ring":
        return str(settings.key_ring_file)
    value = getattr(settings, name)
    if name in SECRETS:
        return MASKED if value else ""
    if isinstance(value, bool):
        return str(int(value))
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _without_password(url: str) -> str:
    """Return a database URL without password and options, which may hold one too."""
    return make_url(url).set(query={}).render_as_string(hide_password=True)
