from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from webapp.web.display.scores import shown_score, shown_threshold

SCORES = st.floats(0, 100).map(lambda score: round(score, 4))


@given(SCORES, SCORES)
@example(49.97, 50.0)
@example(57.33, 57.34)
@example(57.34, 57.34)
def test_a_score_shows_at_or_above_its_threshold_exactly_if_it_matches(score, threshold) -> None:
    match = score >= threshold
    assert (shown_score(score, match) >= shown_threshold(threshold)) == match


@pytest.mark.parametrize("match", [True, False])
@pytest.mark.parametrize("score", [0.0, 50.0, 50 + 3.3, 0.1 + 0.2, 100.0])
def test_tenths_are_shown_without_rounding_noise(score: float, match: bool) -> None:
    assert shown_score(score, match) == round(score, 1)
