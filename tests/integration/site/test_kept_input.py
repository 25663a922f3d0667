"""A refused form keeps its text input."""

from __future__ import annotations

from flask import Flask

import ml
from tests.integration.site.forms import NOTHING_SENT, token_of, value_of
from tests.support.changed import changed
from tests.support.installation import Visitor, as_file, words
from webapp import create_app
from webapp.db.engine import db
from webapp.settings import Settings


def test_text_input_is_kept_after_too_many_requests(settings: Settings, engine: ml.Engine) -> None:
    app = create_app(changed(settings, sign_in_limit="1 per hour"), engine)
    with app.app_context():
        visitor = Visitor(app)
        token = token_of(visitor, "/sign-in?next=/people")
        for _ in range(2):
            answer = visitor.client.post(
                "/sign-in?next=/people", data={"csrf_token": token, "username": "anna"}
            )
        page = visitor.get("/sign-in?next=%2Fpeople")
        db.session.remove()
        db.engine.dispose()
    assert answer.status_code == 429
    assert value_of(page.text, "username") == "anna"
    assert NOTHING_SENT in words(page)


def test_text_input_is_kept_after_an_internal_error(admin: Visitor, app: Flask) -> None:
    token = token_of(admin, "/threshold")
    app.config["PROPAGATE_EXCEPTIONS"] = False

    def fail() -> None:
        raise RuntimeError("broken")

    fail.access_rule = app.view_functions["threshold.edit"].access_rule
    usual, app.view_functions["threshold.edit"] = app.view_functions["threshold.edit"], fail
    answer = admin.client.post(
        "/threshold", data={"csrf_token": token, "score": "61.5", "reason": "strict"}
    )
    app.view_functions["threshold.edit"] = usual

    assert answer.status_code == 500
    assert 'href="/threshold"' in answer.text
    page = admin.get("/threshold")
    assert (value_of(page.text, "score"), value_of(page.text, "reason")) == ("61.5", "strict")


def test_text_input_is_kept_with_too_large_photos(admin: Visitor) -> None:
    token, photo = token_of(admin, "/people/new"), as_file(1, bytes(70_000_000))
    with admin.client.application.app_context():
        answer = admin.client.post(
            "/people/new",
            data={
                "csrf_token": token,
                "identifier": "big",
                "images": photo,
            },
        )
    assert answer.status_code == 413
    assert value_of(admin.get("/people/new").text, "identifier") == "big"


def test_text_input_is_kept_in_another_language(operator: Visitor) -> None:
    token = token_of(operator, "/people/new")
    typed = "identifier=ada&name=Ada+%26+Eva&consent=y&current=my+secret"
    chosen = {"language": "fr", "next": "/people/new", "typed": typed, "files": "y"}
    with operator.client.application.app_context():
        operator.client.post("/language", data={"csrf_token": token, **chosen})
    page = operator.get("/people/new")

    assert '<html lang="fr"' in page.text
    assert value_of(page.text, "name") == "Ada & Eva"
    assert "choisir de nouveau les photos" in words(page)
    assert "my secret" not in page.text
    assert value_of(operator.get("/people/new").text, "name") == ""
