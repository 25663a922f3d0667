"""The installed models, and the selection of the active one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

import ml
from ml import Artifact, ArtifactError, Calibration, ModelBroken, ModelDescription
from webapp.core.actor import Actor
from webapp.db.engine import db
from webapp.db.models import Anchor, Job, ModelChange, Person
from webapp.db.transactions import unit_of_work
from webapp.errors.models import LicenceNotAccepted, PicturesNotEmbedded
from webapp.errors.thresholds import Danger
from webapp.gallery.base import (
    bump_version,
    count_unembedded,
    lacks_embedding,
    stored_typical_anchors,
)
from webapp.inference.active_model import ModelRef, active_model
from webapp.jobs import queue
from webapp.services import audit
from webapp.services.thresholds import dangers, verification
from webapp.settings import current_settings

# Kind of the job that embeds what is missing, then activates a model.
CHANGE_MODEL = "change_model"
# Terms of models without restrictions of use.
FREE = "open"
HISTORY_LENGTH = 20
NAMED_PEOPLE = 20


@dataclass(frozen=True)
class InstalledModel:
    """A model in the artifacts folder.

    Attributes:
        name: name of its folder.
        serves: whether it is the active model.
        unembedded: number of enabled anchors without an embedding by it.
        job: the newest job that activates it, if there is any.
        problem: why it cannot be used, with the remedy; None if it can.
        description, calibration: None if the model is broken.
    """

    name: str
    serves: bool
    unembedded: int
    job: Job | None
    problem: str | None
    description: ModelDescription | None = None
    calibration: Calibration | None = None


@dataclass(frozen=True)
class Change:
    """A change of the active model; `reason` is None if none was recorded."""

    name: str
    model_id: str
    reason: str | None
    created_at: datetime
    username: str | None


def installed_models() -> tuple[InstalledModel, ...]:
    """Return every model in the artifacts folder: the active one first, then by name."""
    names = ml.installed(current_settings().artifacts)
    return tuple(sorted(map(_described, names), key=lambda model: not model.serves))


def find_artifact(name: str) -> Artifact:
    """Return an installed model that can be used.

    Raises:
        ml.ArtifactError: if it is missing, broken, or not calibrated; the message includes the
            remedy.
    """
    artifact = ml.load_artifact(name, current_settings().artifacts)
    ml.check_files(artifact)
    return artifact


def people_without_embedding(model_id: str) -> list[Person]:
    """Return at most NAMED_PEOPLE people with an enabled anchor that a model has not embedded."""
    lacking = select(Anchor.person_id).where(Anchor.retired_at.is_(None), lacks_embedding(model_id))
    by_name = select(Person).where(Person.id.in_(lacking)).order_by(Person.name_key)
    return list(db.session.scalars(by_name.limit(NAMED_PEOPLE)))


def start_change(
    name: str,
    reason: str,
    actor: Actor,
    *,
    licence_accepted: bool = False,
    confirmed: bool = False,
) -> UUID:
    """Queue the background job that activates a model, and return the job's id.

    Args:
        name: name of the model.
        reason: the reason, for the history.
        actor: recorded in the history.
        licence_accepted: whether a restrictive licence was acknowledged.
        confirmed: whether the dangers of the threshold under the model were confirmed.

    Raises:
        ml.ArtifactError: if the model cannot be used; the message includes the remedy.
        LicenceNotAccepted: if its licence requires an acknowledgement and has none.
        ConfirmationNeeded: if its threshold is dangerous and not confirmed.
    """
    artifact = find_artifact(name)
    ml.check_model(artifact)
    needed = needs_licence(artifact.description)
    if needed and not licence_accepted:
        raise LicenceNotAccepted(artifact.config.licence)
    found = _dangers_of(artifact)
    dangers.check(found, confirmed=confirmed)
    acknowledged = {"licence_accepted": artifact.config.licence} if needed else {}
    with unit_of_work() as session:
        job_id = queue.enqueue(session, CHANGE_MODEL, name, actor, reason)
        audit.record(
            session,
            "model_change_queued",
            actor,
            model=artifact.model_id,
            reason=reason,
            **acknowledged,
            **dangers.overridden(found),
        )
    return job_id


def start_embedding(actor: Actor) -> UUID:
    """Queue the job that embeds what the active model has not embedded, and return its id.

    Raises:
        ml.ArtifactError: if the model cannot be used, or differs from the one selected.
    """
    choice = active_model().choice
    artifact = find_artifact(choice.name)
    if choice.model_id not in {None, artifact.model_id}:
        raise ModelBroken(
            f"{choice.name} is installed as {artifact.model_id}, but {choice.model_id} was chosen; "
            f"run: flask --app wsgi models use {choice.name} --reason WHY"
        )
    with unit_of_work() as session:
        job_id = queue.enqueue(session, CHANGE_MODEL, choice.name, actor)
        audit.record(session, "embedding_queued", actor, model=artifact.model_id)
    return job_id


def needs_licence(model: ModelDescription) -> bool:
    """Return whether a model's licence restricts its use and requires an acknowledgement."""
    return model.terms != FREE


def _dangers_of(artifact: Artifact) -> tuple[Danger, ...]:
    """Return the dangers of the threshold under a model."""
    calibration = ml.load_calibration(artifact.folder, artifact.model_id)
    threshold = verification.in_force_of(calibration)
    return dangers.of_threshold(
        calibration, threshold.similarity, threshold.rule, stored_typical_anchors()
    )


def activate(model_id: str, name: str, actor: Actor, reason: str | None = None) -> None:
    """Activate a model, effective from the next answer in every process.

    Raises:
        PicturesNotEmbedded: if enabled anchors lack an embedding by it.
    """
    with unit_of_work() as session:
        bump_version(session)  # orders this before or after every concurrent enrolment
        if count_unembedded(model_id):
            raise PicturesNotEmbedded
        choice = active_model().choice
        if choice.name == name and choice.model_id in {None, model_id}:
            return
        session.add(
            ModelChange(
                number=(session.scalar(select(func.max(ModelChange.number))) or 0) + 1,
                name=name,
                model_id=model_id,
                created_by_id=actor.account,
                reason=reason,
            )
        )
        audit.record(session, "model_changed", actor, model=model_id, reason=reason)
    active_model().refresh()


def history() -> tuple[Change, ...]:
    """Return the last changes of the active model, newest first."""
    newest_first = select(ModelChange).order_by(ModelChange.number.desc()).limit(HISTORY_LENGTH)
    return tuple(
        Change(
            name=row.name,
            model_id=row.model_id,
            reason=row.reason,
            created_at=row.created_at,
            username=row.created_by.username if row.created_by else None,
        )
        for row in db.session.scalars(newest_first)
    )


def sync_engines() -> None:
    """Load the engines of the active and the queued models in this process; unload others."""
    serving = active_model()
    needed = [serving.preload(choice) for choice in (serving.choice, *_queued_models())]
    serving.unload_except(dict.fromkeys(needed))


def models_in_use() -> set[str]:
    """Return the ids of the active model and of models queued for activation.

    Raises:
        ml.ArtifactError: if the configured model is unknown.
    """
    queued = {choice.model_id for choice in _queued_models() if choice.model_id}
    return queued | {active_model().model_id}


def _queued_models() -> Iterator[ModelRef]:
    for job in queue.unfinished(CHANGE_MODEL):
        with suppress(ArtifactError):  # the job reports the problem
            yield ModelRef(job.subject, find_artifact(job.subject).model_id)


def _described(name: str) -> InstalledModel:
    choice, job = active_model().choice, queue.newest(CHANGE_MODEL, name)
    try:
        artifact = ml.load_artifact(name, current_settings().artifacts)
    except ArtifactError as error:
        return InstalledModel(name, choice.name == name, 0, job, str(error))
    serves = choice.name == name and choice.model_id in {None, artifact.model_id}
    unembedded, description = count_unembedded(artifact.model_id), artifact.description
    try:
        ml.check_files(artifact)
        calibration = ml.load_calibration(artifact.folder, artifact.model_id)
    except ArtifactError as error:
        return InstalledModel(name, serves, unembedded, job, str(error), description)
    return InstalledModel(name, serves, unembedded, job, None, description, calibration)
