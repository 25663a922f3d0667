"""Schemas of verification, identification, comparison and detection."""

from __future__ import annotations

from marshmallow import Schema, fields
from marshmallow.validate import Length, Range

from webapp.api.requests.parsing import Name, Picture, Whole
from webapp.db.models.person import IDENTIFIER_LENGTH
from webapp.services.thresholds.verification import HIGHEST_SCORE, LOWEST_SCORE
from webapp.settings import FRAMES_A_REQUEST

MOST_FRAMES = FRAMES_A_REQUEST


CANDIDATES, MOST_CANDIDATES = 5, 50


SCORE = {"minimum": LOWEST_SCORE, "maximum": HIGHEST_SCORE}


class FramesSchema(Schema):
    """Pictures of one face, taken one after the other."""

    pictures = fields.List(Picture(), required=True, validate=Length(1, MOST_FRAMES))


class ClaimSchema(FramesSchema):
    """The claimed identity, and pictures of the person."""

    identifier = Name(required=True, validate=Length(1, IDENTIFIER_LENGTH))


class PersonLabelSchema(Schema):
    """A person as results name them."""

    id = fields.UUID(required=True)
    identifier = fields.String(required=True)
    name = fields.String(required=True)


class AnchorScoreSchema(Schema):
    """Score of one stored picture."""

    person = fields.Nested(PersonLabelSchema, required=True)
    anchor_id = fields.UUID(required=True)
    score = fields.Float(required=True, metadata=SCORE)


class OutcomeSchema(Schema):
    """Result of a comparison: match or no match."""

    match = fields.Boolean(required=True)
    score = fields.Float(required=True, metadata=SCORE)
    threshold_score = fields.Float(required=True, metadata=SCORE)
    milliseconds = fields.Float(required=True)
    reasons = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "Codes of the pictures' quality faults."},
    )
    notes = fields.List(
        fields.String(), required=True, metadata={"description": "Codes of further remarks."}
    )


class VerificationDetailsSchema(Schema):
    """Evidence of a verification."""

    similarity = fields.Float(required=True, metadata={"minimum": -1.0001, "maximum": 1.0001})
    rule = fields.String(required=True, attribute="threshold.rule")
    person = fields.Nested(PersonLabelSchema, required=True, allow_none=True)
    compared = fields.Integer(required=True)
    anchors = fields.List(fields.Nested(AnchorScoreSchema), required=True)


class VerificationSchema(OutcomeSchema):
    """Result of a verification."""

    details = fields.Nested(
        VerificationDetailsSchema,
        required=True,
        allow_none=True,
        metadata={"description": "Only for keys with the scope read; null for other keys."},
    )


class IdentifyQuerySchema(FramesSchema):
    """Pictures of the face to identify, and the maximum number of candidates."""

    top = Whole(load_default=CANDIDATES, validate=Range(1, MOST_CANDIDATES))


class CandidateSchema(Schema):
    """A person similar to the face."""

    person = fields.Nested(PersonLabelSchema, required=True)
    score = fields.Float(required=True, metadata=SCORE)


class IdentificationSchema(OutcomeSchema):
    """Result of an identification; person is null if nobody matches."""

    person = fields.Nested(PersonLabelSchema, required=True, allow_none=True)
    candidates = fields.List(fields.Nested(CandidateSchema), required=True)
    rivals = fields.List(
        fields.Nested(PersonLabelSchema),
        required=True,
        metadata={"description": "People too close to each other to decide between."},
    )
    compared = fields.Integer(
        required=True, metadata={"description": "Number of stored pictures compared."}
    )


class PairSchema(Schema):
    """Two pictures to compare."""

    first = Picture(required=True, metadata={"description": "place 0 in problems."})
    second = Picture(required=True, metadata={"description": "place 1 in problems."})


class ComparisonSchema(Schema):
    """Result of the comparison of two pictures."""

    match = fields.Boolean(required=True)
    score = fields.Float(required=True, metadata=SCORE)
    threshold_score = fields.Float(required=True, metadata=SCORE)
    similarity = fields.Float(required=True, metadata={"minimum": -1.0001, "maximum": 1.0001})
    model_id = fields.String(required=True)
    reasons = fields.List(
        fields.List(fields.String()),
        required=True,
        metadata={"description": "For each picture, codes of its quality faults."},
    )


class OnePictureSchema(Schema):
    """One picture."""

    picture = Picture(required=True)


class PointSchema(Schema):
    """A point in pixels of the picture as shown, after its EXIF orientation is applied.

    The centre of the top left pixel is (0, 0).
    """

    x = fields.Float(required=True)
    y = fields.Float(required=True)


class BoxSchema(PointSchema):
    """A rectangle in pixels of the picture as shown; may extend beyond the edge."""

    width = fields.Float(required=True)
    height = fields.Float(required=True)


class LandmarksSchema(Schema):
    """Five points of a face; left is the left side of the picture."""

    left_eye = fields.Nested(PointSchema, required=True)
    right_eye = fields.Nested(PointSchema, required=True)
    nose = fields.Nested(PointSchema, required=True)
    left_mouth_corner = fields.Nested(PointSchema, required=True)
    right_mouth_corner = fields.Nested(PointSchema, required=True)


class QualitySchema(Schema):
    """Quality of the main face."""

    face_px = fields.Float(required=True)
    eye_distance_px = fields.Float(required=True)
    yaw = fields.Float(required=True, metadata={"description": "Degrees."})
    pitch = fields.Float(required=True, metadata={"description": "Degrees."})
    roll = fields.Float(required=True, metadata={"description": "Degrees."})
    brightness = fields.Float(required=True, metadata={"minimum": 0, "maximum": 255})
    contrast = fields.Float(required=True)
    sharpness = fields.Float(required=True)
    good = fields.Boolean(required=True)
    reasons = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "Codes of the faults, the most important first."},
    )


class DetectedFaceSchema(Schema):
    """A face in the picture."""

    box = fields.Nested(BoxSchema, required=True)
    landmarks = fields.Nested(LandmarksSchema, required=True)
    confidence = fields.Float(required=True, metadata={"minimum": 0, "maximum": 1})
    main = fields.Boolean(
        required=True, metadata={"description": "Whether this face would be used."}
    )


class DetectionSchema(Schema):
    """Faces in a picture."""

    width = fields.Integer(
        required=True,
        metadata={"description": "Width of the picture as shown, in pixels."},
    )
    height = fields.Integer(
        required=True, metadata={"description": "Height of the picture as shown, in pixels."}
    )
    faces = fields.List(fields.Nested(DetectedFaceSchema), required=True)
    quality = fields.Nested(
        QualitySchema,
        required=True,
        allow_none=True,
        metadata={"description": "Quality of the main face; null without a face."},
    )
