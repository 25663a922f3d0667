"""Events of the audit log, read from the code."""

from __future__ import annotations

import ast
from pathlib import Path

from webapp.services import audit

# Functions of the audit log that record an event in a transaction of their own.
ALONE = ("record_now", "record_read", "entry_of_read")


def recorded_events() -> set[str]:
    """Return every event that the app writes into its audit log."""
    calls, constants = set(), {}
    for path in Path(audit.__file__).parents[1].rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Attribute(ast.Name("audit"), "record")):
                    calls.add(ast.unparse(node.args[1]))
                case ast.Call(func=ast.Attribute(ast.Name("audit"), name)) if name in ALONE:
                    calls.add(ast.unparse(node.args[0]))
                case ast.Assign(targets=[target], value=value):
                    constants[ast.unparse(target).strip("()")] = ast.unparse(value).strip("()")
    values: dict[str, str] = {}
    for names, texts in constants.items():
        values |= dict(zip(names.split(", "), texts.split(", "), strict=False))
    named = (call.rpartition(".")[2] if call[0] not in "\"'" else call for call in calls)
    return {ast.literal_eval(values.get(call, call)) for call in named} | audit.OF_ITSELF
