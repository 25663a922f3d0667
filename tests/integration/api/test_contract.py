"""The API's contract: programs for an earlier release continue to work.

`contract.json` is the OpenAPI document of the first release without its texts. Later additions are
listed here. Nothing may change or disappear.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask import Flask

from webapp.api.reference import document

CONTRACT = Path(__file__).with_name("contract.json")
TEXTS = {"description", "title", "summary", "example", "examples"}
ADDED = (
    "components/schemas/Danger/",
    "components/schemas/Problem/properties/dangers/",
    "components/schemas/PersonThresholdChange/properties/confirm/",
    "components/schemas/SearchThresholdChange/properties/confirm/",
    "components/schemas/VerificationThresholdChange/properties/confirm/",
)


def without_texts(part: Any, name: str = "") -> Any:
    if isinstance(part, list):
        return [without_texts(one) for one in part]
    if not isinstance(part, dict):
        return part
    texts = set() if name == "properties" else TEXTS
    return {key: without_texts(value, key) for key, value in part.items() if key not in texts}


def leaves(part: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(part, dict | list) and part:
        items = part.items() if isinstance(part, dict) else enumerate(part)
        for key, value in items:
            yield from leaves(value, f"{place}{key}/")
    else:
        yield place, part


def test_the_contract_of_the_first_release_holds(app: Flask) -> None:
    promised = dict(leaves(json.loads(CONTRACT.read_text())))
    now = dict(leaves(without_texts(json.loads(json.dumps(document())))))

    changed = {place for place in promised if now.get(place) != promised[place]}
    added = {place for place in now if place not in promised and not place.startswith(ADDED)}

    assert changed == set()
    assert added == set()
