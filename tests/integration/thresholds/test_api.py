from __future__ import annotations

from uuid import UUID

import pytest
from siamese_faces import Client, Problem

from tests.support.installation import rows_stored
from webapp.services.thresholds import identification, verification


def test_the_thresholds_are_read_and_changed_with_a_reason(client: Client) -> None:
    before = client.thresholds()

    after = client.set_verification_threshold(
        60, "fewer strangers", based_on=before.verification.number
    )

    assert before.verification.score == pytest.approx(50)
    assert after.verification.score == pytest.approx(60)
    assert verification.in_force().score == pytest.approx(60)
    assert verification.history()[0].reason == "fewer strangers"


def test_how_a_search_decides_is_changed_with_a_reason(client: Client) -> None:
    after = client.set_search_threshold(0.02, 4, "more found", confirm=True)

    assert (after.search.fpir, after.search.margin) == (0.02, 4)
    assert identification.in_force().fpir == 0.02


def test_a_change_based_on_an_old_setting_is_refused(client: Client) -> None:
    seen = client.thresholds().verification.number
    client.set_verification_threshold(60, "first", based_on=seen)

    with pytest.raises(Problem) as refused:
        client.set_verification_threshold(40, "second", based_on=seen)

    assert (refused.value.status, refused.value.code) == (409, "threshold_changed_meanwhile")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"score": 101, "reason": "x"}, "threshold_out_of_range"),
        ({"score": 50, "reason": "x", "rule": "none such"}, "rule_not_measured"),
        ({"score": 50, "reason": " "}, "invalid_request"),
        ({"score": 50}, "invalid_request"),
        ({"score": "50", "reason": "x"}, "invalid_request"),
        ({"score": True, "reason": "x"}, "invalid_request"),
    ],
)
def test_an_invalid_threshold_is_refused(
    client: Client, change: dict[str, object], code: str
) -> None:
    answer = client.http.put("/thresholds/verification", json=change)

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert verification.newest_number() == 0


def test_one_persons_threshold_is_set_apart(client: Client, people) -> None:
    ada = client.enrol("ada", "Ada", people[0].photos[:1], consent=True)

    after = client.set_person_threshold(ada.id, 10, "a twin brother", based_on=0)

    assert after == client.person_threshold(ada.id)
    assert after.score == pytest.approx(after.everybodys_score + 10)
    assert after.lowest_score == after.everybodys_score
    for points in (60, -1):
        with pytest.raises(Problem) as refused:
            client.set_person_threshold(ada.id, points, "out of range")
        assert refused.value.code == "points_out_of_range"


def test_a_search_out_of_bounds_is_refused(client: Client) -> None:
    with pytest.raises(Problem) as refused:
        client.set_search_threshold(0.9, 4, "all of them")

    assert refused.value.code == "search_out_of_range"


def test_a_remembered_change_of_a_persons_threshold_is_deleted_with_them(
    client: Client, people
) -> None:
    ada = client.enrol("ada", "Ada", people[0].photos[:1], consent=True)
    client.set_person_threshold(ada.id, 10, "a twin", idempotency_key="one")
    client.set_verification_threshold(60, "stricter", idempotency_key="two")

    client.delete(ada.id)

    assert rows_stored()["remembered_answer"] == 1


def test_a_retried_change_is_made_once(client: Client) -> None:
    first = client.set_verification_threshold(60, "stricter", based_on=0, idempotency_key="one")
    again = client.set_verification_threshold(60, "stricter", based_on=0, idempotency_key="one")
    search = [client.set_search_threshold(0.005, 4, "x", idempotency_key="two") for _ in range(2)]

    assert again == first
    assert search[0] == search[1]
    assert (first.verification.number, search[0].search.number) == (1, 1)


def test_an_unknown_persons_threshold_is_not_found(client: Client) -> None:
    for ask in (client.person_threshold, lambda one: client.set_person_threshold(one, 1, "x")):
        with pytest.raises(Problem) as refused:
            ask(str(UUID(int=1)))
        assert (refused.value.status, refused.value.code) == (404, "unknown_person")


def test_a_dangerous_threshold_needs_the_field_that_confirms_it(client: Client) -> None:
    for score, shown in ((0, "Anybody will be accepted as anybody."), (100, "will be refused.")):
        with pytest.raises(Problem) as refused:
            client.set_verification_threshold(score, "a demonstration")
        assert (refused.value.status, refused.value.code) == (409, "confirmation_needed")
        assert shown in str(refused.value)
        assert "“confirm”: true" in str(refused.value)
    assert verification.newest_number() == 0

    after = client.set_verification_threshold(0, "a demonstration", confirm=True)

    assert after.verification.score == pytest.approx(0)


def test_the_problem_names_each_danger_for_programs(client: Client) -> None:
    sent = {"score": 0, "reason": "a demonstration"}
    answer = client.http.put("/thresholds/verification", json=sent)

    assert answer.json()["dangers"] == [{"code": "strangers_accepted", "share": 1.0}]


@pytest.mark.parametrize("confirm", ["true", 1, None, "dangerous"])
def test_only_true_confirms(client: Client, confirm: object) -> None:
    sent = {"score": 0, "reason": "a demonstration", "confirm": confirm}
    answer = client.http.put("/thresholds/verification", json=sent)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


def test_every_kind_of_threshold_asks_to_be_confirmed(client: Client, people) -> None:
    ada = client.enrol("ada", "Ada", people[0].photos[:1], consent=True)

    def sets(confirm: bool):
        yield lambda: client.set_search_threshold(0.05, 5, "more found", confirm=confirm)
        yield lambda: client.set_person_threshold(ada.id, 50, "a twin", confirm=confirm)
        yield lambda: client.set_verification_threshold(5, "x", rule="mean", confirm=confirm)

    for change in sets(confirm=False):
        with pytest.raises(Problem) as refused:
            change()
        assert refused.value.code == "confirmation_needed"
    for change in sets(confirm=True):
        change()


def test_an_unconfirmed_change_can_be_confirmed_with_the_same_key(client: Client) -> None:
    with pytest.raises(Problem):
        client.set_verification_threshold(0, "x", idempotency_key="one")

    after = client.set_verification_threshold(0, "x", confirm=True, idempotency_key="one")

    assert after.verification.score == pytest.approx(0)
