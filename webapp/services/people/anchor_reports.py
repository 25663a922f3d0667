"""Reports on a person's anchors: quality, similarity to the others, and warnings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from webapp.db.models import Anchor, Person
from webapp.errors.people import UnknownAnchor
from webapp.inference.active_model import active_model
from webapp.services.enrolment.warnings import Doubts, doubts_about
from webapp.services.people.people import find_person


@dataclass(frozen=True)
class AnchorReport:
    """The state of an anchor.

    Attributes:
        number: position among the person's anchors, from 1, oldest first.
        retired_at: when the anchor was disabled; None while it is enabled.
        reasons: codes of the picture's quality faults, the most important first.
        face_px: width of the face in pixels; None where it was not measured.
        doubts: codes of the enrolment warnings.
    """

    id: UUID
    number: int
    created_at: datetime
    retired_at: datetime | None
    reasons: tuple[str, ...]
    face_px: float | None
    doubts: Doubts


@dataclass(frozen=True)
class Likeness:
    """Similarity between a person's enabled anchors.

    Attributes:
        numbers: the anchors' numbers, in the order of rows and columns.
        scores: 0 to 100, one row an anchor; None on the diagonal.
    """

    numbers: tuple[int, ...]
    scores: tuple[tuple[float | None, ...], ...]


def report_on(person: Person) -> tuple[AnchorReport, ...]:
    """Return a report on each anchor of a person, oldest first."""
    return _reports(person, doubts_about(person.id))


def find_reports(person_id: UUID, anchor_ids: Sequence[UUID]) -> tuple[AnchorReport, ...]:
    """Return the reports on the given anchors of a person, in the given order.

    Raises:
        UnknownPerson: if there is no such person.
        UnknownAnchor: if the person lacks one of the anchors.
    """
    person = find_person(person_id)
    if not {anchor.id for anchor in person.anchors} >= set(anchor_ids):
        raise UnknownAnchor
    return reports_with(person_id, anchor_ids, doubts_about(person_id, anchor_ids))


def reports_with(
    person_id: UUID, anchor_ids: Sequence[UUID], doubts: Mapping[UUID, Doubts]
) -> tuple[AnchorReport, ...]:
    """Return the reports on the given anchors of a person, with warnings that are known already.

    Does not query the gallery, so the running transaction may have stored the anchors.

    Raises:
        UnknownPerson: if there is no such person.
    """
    reports = {report.id: report for report in _reports(find_person(person_id), doubts)}
    return tuple(reports[anchor_id] for anchor_id in anchor_ids)


def likeness_of(person: Person) -> Likeness | None:
    """Return the similarity between a person's enabled anchors; None for fewer than two."""
    own = active_model().gallery.anchors_of(person.id)
    if len(own.anchor_ids) < 2:
        return None
    row_of = {anchor_id: row for row, anchor_id in enumerate(own.anchor_ids)}
    numbered = [
        (number, row_of[anchor.id])
        for number, anchor in enumerate(person.anchors, start=1)
        if anchor.id in row_of
    ]
    similarities = own.normalised.similarities(own.normalised)
    to_score = active_model().engine.calibration.score
    return Likeness(
        numbers=tuple(number for number, _ in numbered),
        scores=tuple(
            tuple(
                None if row == column else to_score(float(similarities[row, column]))
                for _, column in numbered
            )
            for _, row in numbered
        ),
    )


def _reports(person: Person, doubts: Mapping[UUID, Doubts]) -> tuple[AnchorReport, ...]:
    return tuple(
        _report(anchor, number, doubts.get(anchor.id, ()))
        for number, anchor in enumerate(person.anchors, start=1)
    )


def _report(anchor: Anchor, number: int, doubts: Doubts) -> AnchorReport:
    reasons, face_px = anchor.quality.get("reasons"), anchor.quality.get("face_px")
    return AnchorReport(
        id=anchor.id,
        number=number,
        created_at=anchor.created_at,
        retired_at=anchor.retired_at,
        reasons=tuple(reasons) if isinstance(reasons, list) else (),
        face_px=float(face_px) if isinstance(face_px, int | float) else None,
        doubts=doubts,
    )
