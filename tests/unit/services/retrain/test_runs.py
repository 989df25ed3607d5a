"""Runs in the database: one for a study, worked on by whoever holds the newest claim."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from sqlalchemy import Engine

from services.retrain import claims, events, runs
from services.retrain.claims import MOST_DEATHS, Claim, Result, Standing
from services.retrain.tables import RunRow, RunState

DUE = datetime(2026, 11, 25, 2, tzinfo=UTC)


def create(engine: Engine, study: str = "af", due_at: datetime | None = None) -> RunRow:
    return runs.create(engine, uuid4().hex, study, "default", "{}", due_at)


def taken(engine: Engine) -> Claim:
    claim = claims.take(engine)
    assert claim is not None
    assert claims.begin(engine, claim, 1)
    return claim


def lines(engine: Engine, run_id: str) -> list[str]:
    return [event.line for event in events.after(engine, run_id, 0, 100)]


def test_of_replicas_that_start_a_run_of_one_study_one_wins(engine: Engine) -> None:
    def attempt(_: int) -> str:
        try:
            return f"won {create(engine).id}"
        except runs.RunUnderWay as error:
            return error.run_id

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(attempt, range(8)))

    (won,) = [one.removeprefix("won ") for one in told if one.startswith("won ")]
    assert [one for one in told if not one.startswith("won ")] == [won] * 7


def test_other_studies_have_runs_of_their_own(engine: Engine) -> None:
    create(engine, "af")
    create(engine, "dm")

    assert {row.study for row in runs.page(engine, 10)} == {"af", "dm"}


def test_a_study_has_its_next_run_once_the_last_has_ended(engine: Engine) -> None:
    runs.ask_to_stop(engine, create(engine).id)

    assert create(engine).state == RunState.QUEUED


def test_a_due_time_starts_one_run_even_after_that_has_ended(engine: Engine) -> None:
    runs.ask_to_stop(engine, create(engine, due_at=DUE).id)

    with pytest.raises(runs.AlreadyStarted):
        create(engine, due_at=DUE)


def test_a_queued_run_is_taken_by_one_replica(engine: Engine) -> None:
    run = create(engine)

    with ThreadPoolExecutor(4) as pool:
        found = [claim for claim in pool.map(lambda _: claims.take(engine), range(8)) if claim]

    assert [claim.run_id for claim in found] == [run.id]


def test_the_oldest_run_is_taken_first(engine: Engine) -> None:
    first = create(engine, "af")
    create(engine, "dm")

    assert taken(engine).run_id == first.id


def test_a_run_tells_what_it_does(engine: Engine) -> None:
    run, claim = create(engine), taken(engine)
    claims.beat(engine, claim, ["one", "two"])
    claims.end(engine, claim, Result(RunState.SUCCEEDED, version="v1", promote=True), ["three"])

    ended = runs.read(engine, run.id)
    assert (ended.state, ended.version, ended.promote) == ("succeeded", "v1", True)
    assert lines(engine, run.id)[-4:] == ["one", "two", "three", "succeeded"]
    assert [event.number for event in events.after(engine, run.id, 2, 2)] == [3, 4]


def test_a_stop_reaches_the_process_at_its_next_sign_of_life(engine: Engine) -> None:
    run, claim = create(engine), taken(engine)

    assert claims.beat(engine, claim, []) is Standing.GO_ON
    assert runs.ask_to_stop(engine, run.id).state == RunState.STOPPING
    assert runs.ask_to_stop(engine, run.id).state == RunState.STOPPING
    assert claims.beat(engine, claim, []) is Standing.STOP


def test_a_run_whose_process_died_is_queued_again(engine: Engine) -> None:
    run, claim = create(engine), taken(engine)
    claims.died(engine, run.id, claim.attempt, "killed")

    assert runs.read(engine, run.id).state == RunState.QUEUED
    assert taken(engine).attempt == claim.attempt + 1


def test_a_process_that_was_given_up_no_longer_counts(engine: Engine) -> None:
    run, old = create(engine), taken(engine)
    claims.died(engine, run.id, old.attempt, "no sign of life")
    taken(engine)

    assert claims.beat(engine, old, ["from the dead"]) is Standing.GONE
    assert not claims.end(engine, old, Result(RunState.SUCCEEDED))
    claims.died(engine, run.id, old.attempt, "killed")
    assert runs.read(engine, run.id).state == RunState.RUNNING
    assert "from the dead" not in lines(engine, run.id)


def test_a_run_that_keeps_dying_has_failed(engine: Engine) -> None:
    run = create(engine)
    for _ in range(MOST_DEATHS):
        claims.died(engine, run.id, taken(engine).attempt, "killed")

    failed = runs.read(engine, run.id)
    assert (failed.state, failed.reason) == ("failed", "killed; given up after 3 attempts")


def test_an_interruption_is_no_death(engine: Engine) -> None:
    run = create(engine)
    for _ in range(2 * MOST_DEATHS):
        claims.give_back(engine, taken(engine), "interrupted")

    assert runs.read(engine, run.id).state == RunState.QUEUED


def test_a_run_that_dies_while_it_stops_has_stopped(engine: Engine) -> None:
    run, claim = create(engine), taken(engine)
    runs.ask_to_stop(engine, run.id)
    claims.died(engine, run.id, claim.attempt, "killed")

    assert runs.read(engine, run.id).state == RunState.STOPPED


def test_a_failed_run_can_be_taken_up_again(engine: Engine) -> None:
    run = create(engine)
    claims.end(engine, taken(engine), Result(RunState.FAILED, "the teacher is away"))

    again = runs.resume(engine, run.id)
    assert (again.state, again.reason, again.ended_at) == ("queued", None, None)


def test_a_run_is_not_taken_up_beside_another_of_its_study(engine: Engine) -> None:
    run = create(engine)
    runs.ask_to_stop(engine, run.id)
    other = create(engine)

    with pytest.raises(runs.RunUnderWay) as told:
        runs.resume(engine, run.id)
    assert told.value.run_id == other.id
    assert runs.read(engine, run.id).state == RunState.STOPPED


def test_what_has_ended_cannot_be_stopped(engine: Engine) -> None:
    run = create(engine)
    claims.end(engine, taken(engine), Result(RunState.SUCCEEDED))

    with pytest.raises(runs.RunStateConflict):
        runs.ask_to_stop(engine, run.id)


def test_pages_follow_each_other_from_the_newest(engine: Engine) -> None:
    made = [create(engine, study).id for study in "abcde"]

    first = runs.page(engine, 2)
    second = runs.page(engine, 2, before=first[-1].number)
    assert [row.id for row in (*first, *second)] == made[:0:-1]
    assert [row.study for row in runs.page(engine, 9, state=RunState.QUEUED, study="c")] == ["c"]


def test_an_unknown_run_is_said_so(engine: Engine) -> None:
    for ask in (runs.read, runs.ask_to_stop, runs.resume):
        with pytest.raises(runs.UnknownRun, match="'nothing'"):
            ask(engine, "nothing")
