"""Settings of liveness checks, and the models."""

from __future__ import annotations

import shutil

from sqlalchemy import delete, select, update

import ml
from tests.support.fake_engine import picture
from tests.support.walking.scenes.registry import scene
from tests.support.walking.scenes.steps import operator_account
from tests.support.walking.walker import Site
from webapp.core.actor import SERVER
from webapp.db.engine import db
from webapp.db.models import AnchorEmbedding, ChallengeScope, Job, JobState, ModelChange
from webapp.db.transactions import unit_of_work
from webapp.inference.active_model import active_model
from webapp.services.enrolment import store as enrolment
from webapp.services.liveness import setting as liveness


@scene
def movements(site: Site) -> None:
    admin, path = site.admin, "/liveness"
    admin.see(path)
    form = {
        "guarded": "enrolment",
        "strength": "strict",
        "allowed": ["turn_left", "come_closer"],
        "light": "y",
        "reason": "a test",
        "based_on": "0",
    }
    for wrong in (
        {"guarded": "x"},
        {"strength": "x"},
        {"allowed": ["turn_left"]},
        {"reason": ""},
        {"based_on": "8"},
    ):
        admin.send(path, 200, **form | wrong)
    admin.send(path, **form)
    weaker = [{"strength": "gentle"}, {"light": ""}, {"allowed": ["turn_left", "turn_right"]}]
    weaker += [{"guarded": guarded.value} for guarded in reversed(ChallengeScope)]
    for weaker_setting in ({"allowed": list(ml.STEPS)}, *weaker):
        for confirmation in ("", "safe", site.danger_word):
            db.session.rollback()
            sent = form | weaker_setting | {"based_on": str(liveness.newest_number())}
            review = {"review": "y"} if confirmation else {}
            answer = admin.post(path, confirmation=confirmation, **sent, **review)
            if answer.status_code == 302:
                break
            admin._checked(answer, path, 200)
        admin.see(path)
    admin.see(f"{path}?change=1")
    admin.see(f"{path}?change=1&before=1")


@scene
def models(site: Site) -> None:
    admin = site.admin
    others = [name for name in ml.installed(ml.ARTIFACTS) if name != ml.DEFAULT_MODEL]
    admin.see("/models")
    for name in others:
        admin.see(f"/models/{name}/change")
    person = site.enrol()
    admin.see("/models")
    enrolment.add_anchors(person, [site.analysed(picture(0, 1))], SERVER)
    admin.see("/models")
    for left in (1, 0):
        newest = select(AnchorEmbedding.id).limit(1).offset(left)
        with unit_of_work() as session:
            lost = session.scalars(newest).all()
            session.execute(delete(AnchorEmbedding).where(AnchorEmbedding.id.in_(lost)))
        admin.see("/models")
    admin.send("/models/embed")
    for name in others:
        path, form = f"/models/{name}/change", {"reason": "a better one"}
        admin.see(path)
        admin.send(path, 200)
        admin.send(path, 200, **form, confirmation="safe")
    admin.send(path, 200, **form, licence="y", confirmation=site.danger_word)
    for state, done, total in (
        (JobState.WAITING, 0, 0),
        (JobState.RUNNING, 0, 1),
        (JobState.RUNNING, 1, 2),
        (JobState.FAILED, 1, 2),
        (JobState.DONE, 2, 2),
    ):
        for error in (None, "pictures_unusable", "it broke"):
            with unit_of_work() as session:
                session.execute(
                    update(Job).values(state=state, done=done, total=total, error=error)
                )
            admin.see("/models")
            progress = admin.see(f"/models/{others[-1]}/progress").json
            assert progress["words"]
    admin.see(f"/models/{others[0]}/progress")
    admin.see("/models/unknown/change")


@scene
def models_that_changed(site: Site) -> None:
    model_id = active_model().engine.model_id
    for number, by in ((1, None), (2, operator_account())):
        with unit_of_work() as session:
            row = ModelChange(name=ml.DEFAULT_MODEL, model_id=model_id, created_by_id=by)
            row.number = number
            session.add(row)
        site.admin.see("/models")


@scene
def a_broken_model(site: Site) -> None:
    artifacts = site.settings.instance / "artifacts"
    names = ml.installed(ml.ARTIFACTS)
    for name in names:
        shutil.copytree(ml.ARTIFACTS / name, artifacts / name)
    site.change(artifacts=artifacts)
    broken = next(name for name in names if name != ml.DEFAULT_MODEL)
    (artifacts / broken / "metrics.json").write_text('{"training": {"test_eer": 0.1}}')
    site.admin.see("/models")
    (artifacts / broken / "calibration.json").unlink()
    site.admin.see("/models")
    (artifacts / broken / "config.toml").write_text("no toml")
    site.admin.see("/models")
