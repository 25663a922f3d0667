"""The gauge and the bars are drawn at their numbers."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.support.browser.opening import Opener
from tests.support.browser.site import Site

# The end of the coloured arc, and the crossing of the threshold's mark with the arc.
ENDS = """(gauge) => {
  const arc = gauge.querySelector(".gauge-value");
  const drawn = parseFloat(arc.getAttribute("stroke-dasharray")) / arc.pathLength.baseVal;
  const end = arc.getPointAtLength(drawn * arc.getTotalLength());
  const mark = gauge.querySelector(".gauge-threshold");
  const start = arc.getPointAtLength(0);
  const turned = start.matrixTransform(mark.parentNode.transform.baseVal.consolidate().matrix);
  return [[end.x, end.y], [turned.x, turned.y]];
}"""
# The arc's centre, and its radius.
CENTRE, RADIUS = (130, 132), 92


@pytest.fixture
def page(site: Site, opener: Opener) -> Page:
    return opener.page(site)


def draw(site: Site, macro: str, *numbers: object) -> str:
    with site.app.test_request_context():
        drawings = site.app.jinja_env.get_template("verify/gauge.html").make_module()
        return str(getattr(drawings, macro)(*numbers))


@pytest.mark.parametrize("score", [0, 12.3, 50, 87.5, 100])
def test_a_score_at_the_threshold_ends_at_its_mark(site: Site, page: Page, score: float) -> None:
    page.set_content(draw(site, "gauge", score, score, True))
    end, mark = page.locator("svg").evaluate(ENDS)
    assert end == pytest.approx(mark, abs=0.2)


@pytest.mark.parametrize(
    ("score", "place"), [(0, (-1, 0)), (50, (0, -1)), (100, (1, 0)), (75, (0.7071, -0.7071))]
)
def test_the_arc_is_as_long_as_the_score(
    site: Site, page: Page, score: float, place: tuple[float, float]
) -> None:
    page.set_content(draw(site, "gauge", score, 30, False))
    end, _ = page.locator("svg").evaluate(ENDS)
    expected = [middle + RADIUS * way for middle, way in zip(CENTRE, place, strict=True)]
    assert end == pytest.approx(expected, abs=0.2)


def test_a_bar_is_as_long_as_its_score_and_marks_the_threshold(site: Site, page: Page) -> None:
    page.set_content(draw(site, "bar", 62.5, 40))
    length = page.locator(".bar-value").get_attribute("width")
    mark = page.locator(".bar-threshold")
    middle = float(mark.get_attribute("x")) + float(mark.get_attribute("width")) / 2
    assert (float(length), middle) == pytest.approx((62.5, 40))
