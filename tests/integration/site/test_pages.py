from __future__ import annotations

import re

import pytest
from PIL import ImageEnhance

from tests.integration.site.forms import send_enrolment
from tests.support import faces
from tests.support.installation import Visitor, rows_stored, words
from webapp.core.actor import SERVER
from webapp.services.enrolment import store
from webapp.services.enrolment.store import NewPerson


@pytest.mark.real_faces
def test_a_person_is_enrolled_listed_shown_and_deleted(operator: Visitor, people) -> None:
    created = send_enrolment(operator, people[0].photos[0], people[0].photos[1])
    assert created.status_code == 302
    assert "Grace" in words(operator.get("/people"))
    page = operator.get(created.location)
    pictures = re.findall(r'src="(/people/[^"]+/picture)"', page.text)
    assert len(pictures) == 2

    picture = operator.get(pictures[0])
    assert picture.mimetype == "image/jpeg"
    assert picture.data.startswith(b"\xff\xd8\xff")

    deleted = operator.post(f"{created.location}/delete")
    assert deleted.location == "/people"
    assert operator.get(created.location).status_code == 404
    assert operator.get(pictures[0]).status_code == 404


def test_pictures_are_added_and_removed(operator: Visitor, ada, people) -> None:
    added = operator.post(f"/people/{ada}/anchors", {"images": [people[0].photos[2]]})
    assert added.status_code == 302
    assert rows_stored()["anchor"] == 3

    removals = re.findall(
        rf'action="(/people/{ada}/anchors/[^"]+/delete)"', operator.get(added.location).text
    )
    assert len(removals) == 3
    for removal in removals:
        operator.post(removal)

    assert rows_stored()["anchor"] == 1
    assert "only picture" in words(operator.get(f"/people/{ada}"))


def test_a_refused_picture_is_named_and_explained(operator: Visitor, people) -> None:
    answer = send_enrolment(operator, people[0].photos[0], (faces.without_face(), "wall.jpg"))

    assert answer.status_code == 200
    assert "wall.jpg : No face was found" in words(answer)
    assert rows_stored()["person"] == 0


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"identifier": "ada"}, "enrolled already"),
        ({"identifier": ""}, "fill this in"),
        ({"identifier": "a\x00b"}, "cannot be shown"),
        ({"identifier": "x" * 65}, "longer than 64"),
        ({"name": " "}, "fill this in"),
        ({"consent": ""}, "Without consent"),
    ],
)
def test_a_wrong_field_is_explained_and_nothing_is_stored(
    operator: Visitor, ada, people, fields: dict[str, str], message: str
) -> None:
    before = rows_stored()

    answer = send_enrolment(operator, people[1].photos[0], **fields)

    assert answer.status_code == 200
    assert message in words(answer)
    assert rows_stored() == before


def test_an_empty_form_is_explained(operator: Visitor, anybody: Visitor, ada) -> None:
    for visitor, path in ((operator, "/people/new"), (anybody, "/verify"), (operator, "/identify")):
        answer = visitor.post(path)

        assert answer.status_code == 200
        assert "Add at least one picture" in words(answer)


def test_more_pictures_than_the_limit_are_refused(anybody: Visitor, ada, people) -> None:
    answer = anybody.post("/verify", {"frames": [people[0].photos[0]] * 6}, identifier="ada")

    assert answer.status_code == 200
    assert "too many pictures" in words(answer)


def test_everyone_sees_the_verdict_and_operators_every_anchor(
    anybody: Visitor, operator: Visitor, ada, people
) -> None:
    frames = {"frames": [people[0].photos[2]]}

    public = anybody.post("/verify", frames, identifier="ada")
    detailed = operator.post("/verify", frames, identifier="ada")

    assert public.status_code == detailed.status_code == 200
    assert "Match" in words(public)
    assert "Threshold in force 50.0" in words(public)
    assert "/picture" not in public.text
    assert "milliseconds" not in words(public)
    assert "milliseconds" in words(detailed)
    assert detailed.text.count("/picture") == 2


def shape(page: str, identifier: str) -> str:
    """Return a result without its variable parts: claim, address, numbers, tokens."""
    varying = r'(content|value)="[^"]{40,}"|again=[0-9a-f-]{36}'
    known = re.sub(varying, "", page.replace(identifier, "ID"))
    return re.sub(r"[\d.]+", "#", known)


def test_an_unknown_claim_looks_like_a_failed_match(anybody: Visitor, ada, people) -> None:
    frames = {"frames": [people[1].photos[0]]}

    failed = anybody.post("/verify", frames, identifier="ada")
    nobody = anybody.post("/verify", frames, identifier="zoe")

    assert failed.status_code == nobody.status_code
    assert shape(failed.text, "ada") == shape(nobody.text, "zoe")


def test_operators_see_that_an_identifier_is_unknown(operator: Visitor, ada, people) -> None:
    answer = operator.post("/verify", {"frames": [people[1].photos[0]]}, identifier="zoe")

    assert "Nobody is enrolled under this identifier" in words(answer)


def test_a_picture_that_cannot_be_used_is_explained(anybody: Visitor, ada) -> None:
    answer = anybody.post("/verify", {"frames": [faces.without_face()]}, identifier="ada")

    assert "No face was found" in words(answer)
    assert "Try again" in words(answer)


def test_verifying_without_enrolled_people_is_explained(anybody: Visitor, people) -> None:
    answer = anybody.post("/verify", {"frames": [people[0].photos[0]]}, identifier="ada")

    assert "Nobody is enrolled yet" in words(answer)


def test_operators_see_the_identified_person_and_the_thresholds_source(
    operator: Visitor, ada, people
) -> None:
    answer = operator.post("/identify", {"frames": [people[0].photos[2]]})

    assert "Ada Lovelace" in words(answer)
    assert "rises with the number of people enrolled" in words(answer)
    assert "measured on other people than those enrolled here" in words(answer)


def test_the_admin_raises_the_threshold_and_the_decision_follows(
    admin: Visitor, ada, people
) -> None:
    frames = {"frames": [people[0].photos[2]]}
    assert "does not match" not in words(admin.post("/verify", frames, identifier="ada"))

    change = {"score": "99.5", "reason": "a test", "based_on": "0", "confirmation": "dangerous"}
    changed = admin.post("/threshold", **change)

    assert changed.status_code == 302
    assert "99.5" in words(admin.get("/threshold"))
    assert "does not match" in words(admin.post("/verify", frames, identifier="ada"))


@pytest.mark.parametrize("score", ["", "-1", "101", "nan", "inf", "1e9", "fifty", "5;0"])
def test_a_threshold_that_is_no_number_from_0_to_100_is_refused(admin: Visitor, score: str) -> None:
    answer = admin.post("/threshold", score=score, reason="a test", based_on="0")

    assert answer.status_code == 200
    assert words(answer).count("Give a number from 0 to 100") == 1
    assert rows_stored()["threshold_change"] == 0


def test_a_threshold_without_a_reason_is_refused(admin: Visitor) -> None:
    assert admin.post("/threshold", score="60", reason=" ", based_on="0").status_code == 200
    assert rows_stored()["threshold_change"] == 0


def test_attempts_are_listed_newest_first(operator: Visitor, ada, people) -> None:
    operator.post("/verify", {"frames": [people[0].photos[2]]}, identifier="ada")
    operator.post("/verify", {"frames": [people[1].photos[0]]}, identifier="ada")

    listed = words(operator.get("/attempts"))

    assert 0 < listed.index("No match") < listed.index(" Match ", listed.index("No match") + 9)


def test_people_are_searched_and_paged(operator: Visitor, known_faces) -> None:
    for number in range(27):
        new = NewPerson(f"id-{number:02}", f"Name {number:02} 100%", True)
        store.enrol(new, known_faces[0][:1], SERVER)

    assert "Name 00" in words(operator.get("/people"))
    assert "Name 26" not in words(operator.get("/people"))
    assert "Name 26" in words(operator.get("/people?page=2"))
    assert "Name 26" in words(operator.get("/people?page=999"))
    assert "Name 07" in words(operator.get("/people?q=ID-07"))
    assert "Nobody fits" in words(operator.get("/people?q=7_1"))


def test_the_camera_check_guides_and_stores_nothing(anybody: Visitor, people) -> None:
    before = rows_stored()

    good = anybody.post("/camera/check", {"frame": [people[0].photos[2]]}).json
    empty = anybody.post("/camera/check", {"frame": [faces.without_face()]}).json

    assert good["faces"] == 1
    assert all(0 <= share <= 1 for share in good["box"])
    assert isinstance(good["yaw"], float)
    assert (empty["ok"], empty["faces"], empty["reasons"]) == (False, 0, ["no_face"])
    assert empty["box"] is None
    assert empty["message"]
    assert rows_stored() == before


def test_a_chosen_picture_is_judged_as_enrolment_would(anybody: Visitor, people) -> None:
    two = faces.side_by_side(people[0].photos[0], people[1].photos[0])

    def check(picture: bytes) -> dict[str, object]:
        return anybody.post("/camera/check", {"frame": [picture]}, purpose="picture").json

    assert check(people[0].photos[0])["ok"]
    assert check(two)["reasons"] == ["two_faces"]
    assert check(b"no picture")["reasons"] == ["not_an_image"]
    assert "JPEG" in check(b"no picture")["message"]


def test_a_check_without_a_picture_is_refused(anybody: Visitor) -> None:
    assert anybody.post("/camera/check").status_code == 400


def test_health_reports_readiness(anybody: Visitor) -> None:
    assert anybody.get("/health/live").json == {"live": True}
    assert anybody.get("/health/ready").json == {"ready": True, "obstacles": []}


@pytest.mark.parametrize(
    ("frames", "shown"),
    [
        (("good", "good", "good"), "All 3 pictures were used together."),
        (("good", "dark", "good"), "The best 2 of 3 pictures were used together."),
        (("good", "dark"), "The best of 2 pictures was used."),
    ],
)
def test_the_result_names_the_used_pictures_of_a_burst(
    anybody: Visitor, ada, people, frames: tuple[str, ...], shown: str
) -> None:
    photo = people[0].photos[2]
    dim = faces.jpeg(ImageEnhance.Brightness(faces.opened(photo)).enhance(0.15))
    burst = [photo if frame == "good" else dim for frame in frames]

    assert shown in words(anybody.post("/verify", {"frames": burst}, identifier="ada"))


@pytest.mark.real_faces
def test_a_poor_picture_is_named_as_the_likely_cause_of_no_match(
    anybody: Visitor, ada, people
) -> None:
    photo = faces.opened(people[1].photos[0])
    faded = faces.jpeg(ImageEnhance.Contrast(photo).enhance(0.25))

    answer = words(anybody.post("/verify", {"frames": [faded]}, identifier="ada"))

    assert "which makes a wrong “no match” more likely" in answer
    assert "The face is pale and flat" in answer


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/identify", "Who is this?"),
        ("/people/new", "People"),
        ("/people/{ada}/threshold", "People"),
        ("/dashboard", "Attempts"),
        ("/threshold", "Threshold"),
        ("/threshold/pairs", "Threshold"),
        ("/threshold/search", "Threshold"),
        ("/models", "Models"),
    ],
)
def test_the_menu_marks_where_a_page_belongs(admin: Visitor, ada, path: str, place: str) -> None:
    page = admin.get(path.format(ada=ada)).text

    menu = re.search(r'<nav class="site-nav.*?</nav>', page, re.DOTALL).group()
    assert re.findall(r'aria-current="page">([^<]+)</a>', menu) == [place]
