"""Enrol, verify and identify faces through the API of Siamese Faces."""

from siamese_faces.client import Client
from siamese_faces.problems import Problem, Unanswered
from siamese_faces.results import (
    Anchor,
    Asked,
    Attempt,
    Box,
    Candidate,
    Challenge,
    Comparison,
    DetectedFace,
    Detection,
    Health,
    Identification,
    Person,
    PersonLabel,
    Point,
    Verification,
    VerificationDetails,
)
from siamese_faces.thresholds import (
    PersonThreshold,
    SearchThreshold,
    Thresholds,
    VerificationThreshold,
)

__all__ = [
    "Anchor",
    "Asked",
    "Attempt",
    "Box",
    "Candidate",
    "Challenge",
    "Client",
    "Comparison",
    "DetectedFace",
    "Detection",
    "Health",
    "Identification",
    "Person",
    "PersonLabel",
    "PersonThreshold",
    "Point",
    "Problem",
    "SearchThreshold",
    "Thresholds",
    "Unanswered",
    "Verification",
    "VerificationDetails",
    "VerificationThreshold",
]
