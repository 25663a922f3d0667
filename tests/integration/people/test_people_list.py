"""The list of people is searched, sorted and paged."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from tests.support.installation import Visitor, words
from webapp.core.actor import SERVER, Actor
from webapp.services.enrolment import store
from webapp.services.enrolment.store import NewPerson
from webapp.services.people import anchors
from webapp.services.people import people as people_service
from webapp.services.people.people import SORTS, list_people


@pytest.fixture
def three(app: Flask, enrol, known_faces, operator_id):
    """Enrol Bob with two pictures, one of them disabled, Ada with two, and Carol with three."""
    bob = store.enrol(NewPerson("b-2", "Bob", True), known_faces[0][:2], SERVER)
    store.enrol(NewPerson("c-1", "ada", True), known_faces[0][:2], SERVER)
    enrol("a-3", "Carol", photos=3)
    person = people_service.find_person(bob)
    anchors.retire_anchor(bob, person.anchors[0].id, Actor(operator_id))


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("name", ["ada", "Bob", "Carol"]),
        ("identifier", ["Carol", "Bob", "ada"]),
        ("enrolled", ["Bob", "ada", "Carol"]),
        ("pictures", ["Bob", "ada", "Carol"]),
    ],
)
def test_people_are_sorted_both_ways(app: Flask, three, sort: str, names: list[str]) -> None:
    assert [person.name for person in list_people("", 1, sort).items] == names
    assert [person.name for person in list_people("", 1, f"{sort}_down").items] == names[::-1]


def test_disabled_pictures_do_not_count(app: Flask, three) -> None:
    pictures = {person.name: person.pictures for person in list_people("", 1).items}

    assert pictures == {"Bob": 1, "ada": 2, "Carol": 3}


def test_an_unknown_order_is_the_default(app: Flask, three) -> None:
    assert list_people("", 1, "'; --") == list_people("", 1)


def test_sorting_and_searching_stay_together_on_the_page(operator: Visitor, three) -> None:
    page = operator.get("/people?q=a&sort=identifier_down")

    assert words(page).index("ada") < words(page).index("Carol")
    assert 'aria-sort="descending"' in page.text
    links = re.findall(r'<a class="sort" href="([^"]+)"', page.text)
    assert len(links) == len(SORTS) // 2
    assert all("q=a" in link for link in links)
    assert operator.get("/people?sort=nonsense").status_code == 200
