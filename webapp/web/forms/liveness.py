"""Forms of the liveness setting, for administrators, and of a result's label, for operators."""

from __future__ import annotations

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, RadioField, SelectField, SelectMultipleField
from wtforms.widgets import CheckboxInput

from ml import STEPS, STRENGTHS
from webapp.db.models import ChallengeScope
from webapp.messages import MOVEMENTS
from webapp.services.liveness import results
from webapp.services.liveness.setting import Liveness
from webapp.web.forms.fields import PageForm, ReasonedForm, choices

GUARDED: dict[ChallengeScope, LazyString] = {
    ChallengeScope.NOTHING: _l("Off"),
    ChallengeScope.VERIFICATION: _l("Before verifications"),
    ChallengeScope.ENROLMENT: _l("Before verifications and enrolments"),
}
STRENGTH_WORDS: dict[str, LazyString] = {
    "gentle": _l("Gentle"),
    "normal": _l("Normal"),
    "strict": _l("Strict"),
}
LABELS: dict[str, LazyString] = {
    "genuine": _l("The person"),
    "printed": _l("A printed photo"),
    "screen": _l("A photo on a screen"),
    "film": _l("A film on a screen"),
    "other": _l("Another attack"),
}


class LivenessForm(ReasonedForm):
    """Where challenges are required, how strict they are, and which movements they use."""

    guarded = RadioField(_l("Ask for movements"), choices=choices(GUARDED))
    strength = SelectField(
        _l("Strength"), choices=choices({name: STRENGTH_WORDS[name] for name in STRENGTHS})
    )
    allowed = SelectMultipleField(
        _l("Movements that may be asked for"),
        choices=choices({step: MOVEMENTS[step] for step in STEPS}),
        option_widget=CheckboxInput(),
    )
    light = BooleanField(_l("Shine on the face in changing colours, too"))

    @property
    def setting(self) -> Liveness:
        """The setting that the form describes."""
        return Liveness(
            ChallengeScope(self.guarded.data),
            self.strength.data,
            tuple(self.allowed.data),
            self.light.data,
        )

    def show(self, setting: Liveness) -> None:
        """Fill in a setting."""
        self.guarded.data = setting.guarded.value
        self.strength.data = setting.strength
        self.allowed.data = list(setting.allowed)
        self.light.data = setting.light


class LabelForm(PageForm):
    """What was presented to the camera."""

    label = SelectField(
        _l("What was before the camera"),
        choices=choices({name: LABELS[name] for name in results.LABELS}, _l("Not known")),
    )
