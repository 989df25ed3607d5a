"""The state of a registry is the fold of its log."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from training.registry.log import Event, Kind, State, fold


def happened(*told: str) -> list[Event]:
    """`"added a"`, `"promoted b"`: events in this order."""
    events = []
    for number, line in enumerate(told, 1):
        kind, version = line.split()
        events.append(
            Event(
                number=number,
                id=str(number),
                kind=Kind(kind),
                version=version,
                by="somebody",
                at=datetime(2026, 1, number, tzinfo=UTC),
            )
        )
    return events


def test_an_empty_log_has_nothing_in_service() -> None:
    now = fold([])
    assert (now.in_service, now.before, now.states, now.events) == (None, None, {}, 0)


def test_what_is_added_is_a_candidate() -> None:
    now = fold(happened("added a", "added b"))
    assert now.states == {"a": State.CANDIDATE, "b": State.CANDIDATE}
    assert now.in_service is None


def test_a_promotion_retires_the_student_before() -> None:
    now = fold(happened("added a", "added b", "promoted a", "promoted b"))
    assert now.states == {"a": State.RETIRED, "b": State.IN_SERVICE}
    assert (now.in_service, now.before) == ("b", "a")


def test_a_roll_back_brings_the_student_before_into_service_again() -> None:
    now = fold(happened("added a", "added b", "promoted a", "promoted b", "rolled-back a"))
    assert now.states == {"a": State.IN_SERVICE, "b": State.RETIRED}
    assert (now.in_service, now.before) == ("a", None)


def test_a_student_that_was_retired_by_name_is_none_to_go_back_to() -> None:
    told = ["added a", "added b", "added c", "promoted a", "promoted b", "promoted c", "retired b"]
    now = fold(happened(*told))
    assert (now.in_service, now.before) == ("c", "a")


def test_a_roll_back_never_leads_to_the_student_that_is_in_service() -> None:
    told = ["added a", "added b", "promoted a", "promoted b", "promoted a", "retired b"]
    now = fold(happened(*told))
    assert (now.in_service, now.before) == ("a", None)


@given(st.lists(st.sampled_from("abc"), max_size=20))
def test_however_often_students_change_exactly_one_is_in_service(promoted: list[str]) -> None:
    events = happened("added a", "added b", "added c", *(f"promoted {one}" for one in promoted))
    now = fold(events)
    serving = [version for version, state in now.states.items() if state is State.IN_SERVICE]
    assert serving == ([promoted[-1]] if promoted else [])
