"""What requests and answers look like."""

from __future__ import annotations

from marshmallow import Schema, ValidationError, fields, validates_schema
from marshmallow.validate import Length, OneOf, Range

from webapp.api.requests.parsing import Name, Number, Picture, Switch, Whole
from webapp.db.models.attempt import Kind
from webapp.db.models.changes import REASON_LENGTH
from webapp.db.models.person import IDENTIFIER_LENGTH, NAME_LENGTH
from webapp.services.thresholds.verification import HIGHEST_SCORE, LOWEST_SCORE
from webapp.settings import Settings

MOST_ENROLLED = Settings.pictures_a_request
MOST_FRAMES = Settings.frames_a_request
ROWS, MOST_ROWS = 50, 200
CANDIDATES, MOST_CANDIDATES = 5, 50
LONGEST_CURSOR = 400
SCORE = {"minimum": LOWEST_SCORE, "maximum": HIGHEST_SCORE}


class ProblemPictureSchema(Schema):
    """What is wrong with one of several pictures."""

    place = fields.Integer(required=True, metadata={"description": "From 0, as they were sent."})
    code = fields.String(required=True)
    detail = fields.String(required=True)


class DangerSchema(Schema):
    """Why a setting is dangerous."""

    code = fields.String(
        required=True,
        metadata={"description": "strangers_accepted, strangers_found or people_refused."},
    )
    share = fields.Float(
        required=True,
        metadata={"description": "Of strangers, or of genuine attempts.", "maximum": 1},
    )


class ProblemSchema(Schema):
    """Why a request was not done (RFC 9457)."""

    type = fields.String(required=True, metadata={"description": "Where the code is explained."})
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    code = fields.String(required=True, metadata={"description": "Stable; the pages' own codes."})
    detail = fields.String(
        required=True, metadata={"description": "In the language of Accept-Language."}
    )
    errors = fields.Dict(
        keys=fields.String(), metadata={"description": "By the place in the request."}
    )
    pictures = fields.List(fields.Nested(ProblemPictureSchema))
    dangers = fields.List(
        fields.Nested(DangerSchema),
        metadata={"description": "Of a setting that was not confirmed."},
    )
    seconds = fields.Integer(metadata={"description": "How long to wait; also Retry-After."})


class PersonSchema(Schema):
    """Somebody enrolled."""

    id = fields.UUID(required=True)
    identifier = fields.String(required=True)
    name = fields.String(required=True)
    pictures = fields.Integer(required=True, metadata={"description": "Those that are compared."})
    created_at = fields.AwareDateTime(required=True)
    consent_version = fields.String(
        required=True, metadata={"description": "The wording that the person agreed to."}
    )
    consent_at = fields.AwareDateTime(required=True)


class PageSchema(Schema):
    """A part of a list."""

    next = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The cursor of what follows; null at the end."},
    )


class PeopleSchema(PageSchema):
    """A part of the list of people, in the order of their enrolment."""

    items = fields.List(fields.Nested(PersonSchema), required=True)


class PageQuerySchema(Schema):
    """Which part of a list."""

    limit = fields.Integer(load_default=ROWS, validate=Range(1, MOST_ROWS))
    cursor = fields.String(load_default="", validate=Length(max=LONGEST_CURSOR))


class PeopleQuerySchema(PageQuerySchema):
    """Which people."""

    q = fields.String(
        load_default="",
        validate=Length(max=NAME_LENGTH),
        metadata={"description": "A part of identifier or name, in any case."},
    )
    identifier = fields.String(
        load_default="",
        validate=Length(max=IDENTIFIER_LENGTH),
        metadata={"description": "The whole identifier, in any case."},
    )


class PicturesSchema(Schema):
    """Pictures that are to be stored of a person."""

    pictures = fields.List(Picture(), required=True, validate=Length(1, MOST_ENROLLED))
    accept_doubts = Switch(
        load_default=False,
        metadata={
            "description": "Store pictures although they look unlike the person's others, or "
            "like somebody else."
        },
    )


class NewPersonSchema(PicturesSchema):
    """Somebody to be enrolled."""

    identifier = Name(required=True, validate=Length(1, IDENTIFIER_LENGTH))
    name = Name(required=True, validate=Length(1, NAME_LENGTH))
    consent = Switch(
        required=True, metadata={"description": "Whether the person agreed that this is stored."}
    )


class PersonChangeSchema(Schema):
    """What is to be changed, one or both; what is left out stays."""

    identifier = Name(load_default=None, validate=Length(1, IDENTIFIER_LENGTH))
    name = Name(load_default=None, validate=Length(1, NAME_LENGTH))

    @validates_schema
    def _changes_something(self, wanted: dict[str, str | None], **_kwargs: object) -> None:
        if not any(wanted.values()):
            raise ValidationError("Nothing is to be changed.")


class DoubtSchema(Schema):
    """What is doubtful about a picture."""

    code = fields.String(required=True)


class AnchorSchema(Schema):
    """A stored picture of a person."""

    id = fields.UUID(required=True)
    created_at = fields.AwareDateTime(required=True)
    retired_at = fields.AwareDateTime(
        required=True,
        allow_none=True,
        metadata={"description": "Since when it is kept, but not compared."},
    )
    reasons = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "Codes of what is wrong with the picture."},
    )
    doubts = fields.List(
        fields.Pluck(DoubtSchema, "code"),
        required=True,
        metadata={"description": "Codes of why the picture may do harm."},
    )


class AnchorsSchema(Schema):
    """Stored pictures of a person, oldest first."""

    person_id = fields.UUID(required=True)
    items = fields.List(fields.Nested(AnchorSchema), required=True)


class FramesSchema(Schema):
    """Pictures of one face, taken one after the other."""

    pictures = fields.List(Picture(), required=True, validate=Length(1, MOST_FRAMES))


class ClaimSchema(FramesSchema):
    """Who somebody claims to be, and their pictures."""

    identifier = Name(required=True, validate=Length(1, IDENTIFIER_LENGTH))


class PersonLabelSchema(Schema):
    """A person as results name them."""

    id = fields.UUID(required=True)
    identifier = fields.String(required=True)
    name = fields.String(required=True)


class AnchorScoreSchema(Schema):
    """How one stored picture scored."""

    person = fields.Nested(PersonLabelSchema, required=True)
    anchor_id = fields.UUID(required=True)
    score = fields.Float(required=True, metadata=SCORE)


class OutcomeSchema(Schema):
    """Match or no match."""

    match = fields.Boolean(required=True)
    score = fields.Float(required=True, metadata=SCORE)
    threshold_score = fields.Float(required=True, metadata=SCORE)
    milliseconds = fields.Float(required=True)
    reasons = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "Codes of what is wrong with the pictures."},
    )
    notes = fields.List(
        fields.String(), required=True, metadata={"description": "Codes of what is worth knowing."}
    )


class VerificationDetailsSchema(Schema):
    """What a verification rests on."""

    similarity = fields.Float(required=True, metadata={"minimum": -1.0001, "maximum": 1.0001})
    rule = fields.String(required=True, attribute="threshold.rule")
    person = fields.Nested(PersonLabelSchema, required=True, allow_none=True)
    compared = fields.Integer(required=True)
    anchors = fields.List(fields.Nested(AnchorScoreSchema), required=True)


class VerificationSchema(OutcomeSchema):
    """How a verification ended."""

    details = fields.Nested(
        VerificationDetailsSchema,
        required=True,
        allow_none=True,
        metadata={"description": "For keys with the scope read only; null for others."},
    )


class IdentifyQuerySchema(FramesSchema):
    """Whose face is asked for, and how many people at most are named."""

    top = Whole(load_default=CANDIDATES, validate=Range(1, MOST_CANDIDATES))


class CandidateSchema(Schema):
    """A person near to the face."""

    person = fields.Nested(PersonLabelSchema, required=True)
    score = fields.Float(required=True, metadata=SCORE)


class IdentificationSchema(OutcomeSchema):
    """Whose face it is, or nobody's."""

    person = fields.Nested(PersonLabelSchema, required=True, allow_none=True)
    candidates = fields.List(fields.Nested(CandidateSchema), required=True)
    rivals = fields.List(
        fields.Nested(PersonLabelSchema),
        required=True,
        metadata={"description": "The people between whom it is too close to tell."},
    )
    compared = fields.Integer(required=True, metadata={"description": "Stored pictures."})


class PairSchema(Schema):
    """Two pictures."""

    first = Picture(required=True, metadata={"description": "Place 0 in problems."})
    second = Picture(required=True, metadata={"description": "Place 1 in problems."})


class ComparisonSchema(Schema):
    """Whether two pictures show the same person."""

    match = fields.Boolean(required=True)
    score = fields.Float(required=True, metadata=SCORE)
    threshold_score = fields.Float(required=True, metadata=SCORE)
    similarity = fields.Float(required=True, metadata={"minimum": -1.0001, "maximum": 1.0001})
    model_id = fields.String(required=True)
    reasons = fields.List(
        fields.List(fields.String()),
        required=True,
        metadata={"description": "For each picture, codes of what is wrong with it."},
    )


class OnePictureSchema(Schema):
    """One picture."""

    picture = Picture(required=True)


class PointSchema(Schema):
    """A point in pixels of the picture as it was sent and is shown, turned upright by its EXIF.

    The middle of the top left pixel is (0, 0).
    """

    x = fields.Float(required=True)
    y = fields.Float(required=True)


class BoxSchema(PointSchema):
    """A rectangle in pixels of the picture as it was sent; it may reach over the edge."""

    width = fields.Float(required=True)
    height = fields.Float(required=True)


class LandmarksSchema(Schema):
    """Five points of a face; left is the left of the picture."""

    left_eye = fields.Nested(PointSchema, required=True)
    right_eye = fields.Nested(PointSchema, required=True)
    nose = fields.Nested(PointSchema, required=True)
    left_mouth_corner = fields.Nested(PointSchema, required=True)
    right_mouth_corner = fields.Nested(PointSchema, required=True)


class QualitySchema(Schema):
    """How usable the main face is."""

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
        fields.String(), required=True, metadata={"description": "The most important first."}
    )


class DetectedFaceSchema(Schema):
    """A face in the picture."""

    box = fields.Nested(BoxSchema, required=True)
    landmarks = fields.Nested(LandmarksSchema, required=True)
    confidence = fields.Float(required=True, metadata={"minimum": 0, "maximum": 1})
    main = fields.Boolean(required=True, metadata={"description": "The one that would be used."})


class DetectionSchema(Schema):
    """What stands in a picture."""

    width = fields.Integer(
        required=True,
        metadata={"description": "Of the picture as it was sent and is shown, in pixels."},
    )
    height = fields.Integer(required=True)
    faces = fields.List(fields.Nested(DetectedFaceSchema), required=True)
    quality = fields.Nested(
        QualitySchema,
        required=True,
        allow_none=True,
        metadata={"description": "Of the main face; null where there is none."},
    )


class VerificationThresholdSchema(Schema):
    """The threshold of a verification."""

    score = fields.Float(required=True, metadata=SCORE)
    similarity = fields.Float(required=True)
    rule = fields.String(required=True)
    number = fields.Integer(
        required=True, metadata={"description": "Of the change in force; 0 for the default."}
    )


class SearchThresholdSchema(Schema):
    """How a search among everybody decides."""

    fpir = fields.Float(required=True)
    margin = fields.Float(required=True)
    number = fields.Integer(required=True)


class ThresholdsSchema(Schema):
    """What decides a match."""

    model_id = fields.String(required=True)
    rules = fields.List(fields.String(), required=True)
    verification = fields.Nested(VerificationThresholdSchema, required=True)
    search = fields.Nested(SearchThresholdSchema, required=True)


class ReasonedSchema(Schema):
    """A change, why, and what it is based on."""

    reason = Name(required=True, validate=Length(1, REASON_LENGTH))
    based_on = Whole(
        load_default=None,
        validate=Range(0, 2**31 - 1),
        metadata={"description": "The number of the change that must still be in force."},
    )
    confirm = Switch(
        load_default=False,
        metadata={
            "description": "Set it although it is dangerous: more than 1 in 100 strangers would "
            "be accepted, or more than 8 in 10 genuine attempts refused. Without it such a "
            "setting is answered by the problem confirmation_needed."
        },
    )


class VerificationThresholdChangeSchema(ReasonedSchema):
    """A new threshold of a verification."""

    score = Number(required=True, metadata=SCORE)
    rule = fields.String(load_default=None, validate=Length(max=32))


class SearchThresholdChangeSchema(ReasonedSchema):
    """A new way in which a search decides."""

    fpir = Number(required=True)
    margin = Number(required=True)


class PersonThresholdSchema(Schema):
    """One person's threshold in a verification, and what it comes from."""

    score = fields.Float(required=True, attribute="threshold.score", metadata=SCORE)
    everybodys_score = fields.Float(required=True, attribute="everybody.score", metadata=SCORE)
    lowest_score = fields.Float(required=True, attribute="lowest", metadata=SCORE)
    points = fields.Float(
        required=True, metadata={"description": "By which it was set apart from everybody's."}
    )
    number = fields.Integer(required=True)


class PersonThresholdChangeSchema(ReasonedSchema):
    """By how many points of score a person's threshold is set apart; 0 takes it back."""

    points = Number(required=True)


class FeedQuerySchema(Schema):
    """Where the feed goes on."""

    limit = fields.Integer(load_default=ROWS, validate=Range(1, MOST_ROWS))
    since = fields.String(
        load_default="",
        validate=Length(max=LONGEST_CURSOR),
        metadata={"description": "The field next of the answer before; empty from the beginning."},
    )


class AttemptSchema(Schema):
    """One attempt to verify or identify."""

    id = fields.UUID(required=True)
    created_at = fields.AwareDateTime(required=True, attribute="row.created_at")
    kind = fields.String(
        required=True, attribute="row.kind", validate=OneOf([kind.value for kind in Kind])
    )
    match = fields.Boolean(required=True, attribute="row.match")
    identifier = fields.String(required=True, allow_none=True, attribute="row.claim")
    score = fields.Float(required=True, allow_none=True, attribute="row.score")
    threshold_score = fields.Float(required=True, allow_none=True, attribute="row.threshold_score")
    milliseconds = fields.Float(required=True, attribute="row.milliseconds")
    similarity = fields.Float(required=True)
    rule = fields.String(required=True)
    model_id = fields.String(required=True)
    compared = fields.Integer(required=True, attribute="anchors_compared")
    reasons = fields.List(fields.String(), required=True)
    asked_by = fields.String(required=True, allow_none=True)


class AttemptsSchema(PageSchema):
    """A part of the feed of attempts, oldest first; next stays where there is nothing new."""

    items = fields.List(fields.Nested(AttemptSchema), required=True)


class HealthSchema(Schema):
    """Whether the app can serve."""

    ready = fields.Boolean(required=True)
    obstacles = fields.List(fields.String(), required=True)
    anchors = fields.Integer(
        metadata={"description": "While it is warming: how many it has to read first."}
    )
    anchors_read = fields.Integer(metadata={"description": "How many of them it has read."})
