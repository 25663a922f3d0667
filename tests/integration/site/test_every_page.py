"""Every page in every language and state: complete, translated, all placeholders filled."""

from __future__ import annotations

import logging
import shutil
import traceback
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg

import ml
from tests.support.fake_engine import face_errors
from tests.support.installation import CHEAP, UNLIMITED
from tests.support.walking.scenes import SCENES, recorded_events
from tests.support.walking.walker import Notes, site
from webapp import LANGUAGES
from webapp.db.models import ChallengeScope, Scope
from webapp.messages import (
    CHALLENGE_STEPS,
    INSTRUCTIONS,
    MOVEMENTS,
    PICTURE_PROBLEMS,
    REQUEST_PROBLEMS,
    WAIVER_WORDS,
    WARNINGS,
)
from webapp.services.enrolment import warnings
from webapp.services.liveness import results
from webapp.services.matching import decision
from webapp.settings import ROOT, Settings
from webapp.web.display.translations import log as translation_log
from webapp.web.forms.api_keys import SCOPES
from webapp.web.forms.liveness import GUARDED, LABELS, STRENGTH_WORDS
from webapp.web.wording.audit import EVENTS

pytestmark = pytest.mark.slow

NOTES = (
    decision.UNKNOWN_PERSON,
    decision.POOR_QUALITY,
    decision.SEVERAL_FACES,
    decision.THRESHOLD_ESTIMATED,
    decision.TOO_CLOSE_TO_TELL,
    warnings.UNLIKE_THE_OTHERS,
    warnings.LIKE_SOMEBODY_ELSE,
    warnings.NEARER_TO_SOMEBODY_ELSE,
)
KEYWORDS = {"_": None, "gettext": None, "N_": None, "_l": None, "ngettext": (1, 2)}


@dataclass
class Walk(logging.Handler):
    """All scenes in one language: their failures, and the texts with unfilled placeholders."""

    language: str
    failures: dict[str, str] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)
    notes: Notes = field(default_factory=Notes)

    def __post_init__(self) -> None:
        super().__init__(logging.ERROR)

    def __hash__(self) -> int:
        return id(self)

    def emit(self, record: logging.LogRecord) -> None:
        self.complaints.append(record.getMessage())

    def go(self, name: str, instance: Path, cache: Path) -> None:
        """Walk through a scene."""
        settings = Settings(
            instance=instance,
            password_cost=CHEAP,
            sign_in_limit=UNLIMITED,
            verify_limit=UNLIMITED,
            guidance_limit=UNLIMITED,
        )
        translation_log.addHandler(self)
        try:
            with site(settings, self.language, cache, self.notes) as place:
                SCENES[name](place)
        except Exception:
            self.failures[name] = traceback.format_exc()
        finally:
            translation_log.removeHandler(self)


@pytest.fixture(scope="module", params=LANGUAGES)
def walk(
    request: pytest.FixtureRequest,
    fresh_installation: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Walk:
    home = tmp_path_factory.mktemp(f"walk-{request.param}")
    cache = home / "templates"
    cache.mkdir()
    walked = Walk(request.param)
    for name in SCENES:
        instance = shutil.copytree(fresh_installation, home / name)
        walked.go(name, instance, cache)
        shutil.rmtree(instance)
    return walked


@pytest.fixture(scope="module")
def places_of_texts() -> dict[str, str]:
    """Return every text of the app's pages, with its places."""
    with (ROOT / "translations" / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    found = extract_from_dir(ROOT, methods, options, KEYWORDS)
    return {
        text if isinstance(text, str) else text[0]: f"{file}:{line}"
        for file, line, text, _comments, _context in found
    }


@pytest.mark.parametrize("name", SCENES)
def test_every_page_of_a_scene_is_whole(walk: Walk, name: str) -> None:
    if failure := walk.failures.get(name):
        pytest.fail(failure, pytrace=False)


def test_every_template_is_rendered(walk: Walk) -> None:
    folder = ROOT / "templates"
    templates = {path.relative_to(folder).as_posix() for path in folder.rglob("*.html")}

    assert templates - walk.notes.templates == set(), "add a scene that renders it"


def test_every_text_is_shown_by_a_scene(walk: Walk, places_of_texts: dict[str, str]) -> None:
    shown = walk.notes.texts
    unseen = {text: place for text, place in places_of_texts.items() if text not in shown}

    assert unseen == {}, "add a scene with the state that shows it"


def test_every_text_shown_is_translated(walk: Walk) -> None:
    assert walk.language == "en" or walk.notes.untranslated == set()


def test_no_translation_failed(walk: Walk) -> None:
    assert walk.complaints == []


def test_every_event_of_the_audit_log_has_a_text() -> None:
    assert recorded_events() == set(EVENTS)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (Scope, SCOPES),
        (ChallengeScope, GUARDED),
        (ml.STEPS, MOVEMENTS),
        (("straight", *ml.STEPS, "done"), CHALLENGE_STEPS),
        (ml.STRENGTHS, STRENGTH_WORDS),
        (results.LABELS, LABELS),
        (results.WAIVERS, WAIVER_WORDS),
        (NOTES, {**PICTURE_PROBLEMS, **WARNINGS, **REQUEST_PROBLEMS}),
    ],
    ids=lambda one: str(getattr(one, "__name__", ""))[:20],
)
def test_every_value_has_a_text(values: Iterable[str], words: dict[str, object]) -> None:
    assert set(values) - set(words) == set()


def test_every_picture_error_has_a_text() -> None:
    reasons = set(face_errors()) | set(INSTRUCTIONS) - {"good"}

    assert reasons - set(PICTURE_PROBLEMS) == set()
