"""The schedule of replicas on one database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from services.retrain import runs
from services.retrain.nightly import CATCH_UP, Nightly
from services.retrain.schedule import ScheduleError
from services.retrain.tables import RunRow
from shared.settings import Settings

DUE = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"retrain_schedule": "02:00"})


def started(engine: Engine) -> list[RunRow]:
    return sorted(runs.page(engine, 100), key=lambda row: row.study)


def end_all(engine: Engine) -> None:
    for row in started(engine):
        runs.ask_to_stop(engine, row.id)


def test_each_study_has_its_run_when_it_is_due(engine: Engine, settings: Settings) -> None:
    nightly = Nightly(settings, engine)

    nightly.turn(DUE - timedelta(seconds=1))
    assert started(engine) == []
    nightly.turn(DUE)
    assert [(row.study, row.config_name, row.due_at) for row in started(engine)] == [
        ("af", "default", DUE),
        ("dm", "small", DUE),
    ]


def test_replicas_that_race_start_it_once(engine: Engine, settings: Settings) -> None:
    replicas = [Nightly(settings, engine) for _ in range(4)]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda replica: replica.turn(DUE), replicas))
    end_all(engine)
    for replica in (*replicas, Nightly(settings, engine)):
        replica.turn(DUE + timedelta(minutes=5))

    assert [row.study for row in started(engine)] == ["af", "dm"]


def test_the_next_night_has_a_run_of_its_own(engine: Engine, settings: Settings) -> None:
    nightly = Nightly(settings, engine)
    nightly.turn(DUE)
    end_all(engine)

    nightly.turn(DUE + timedelta(days=1))

    assert len(started(engine)) == 4


def test_a_service_that_was_down_catches_up_for_a_while(engine: Engine, settings: Settings) -> None:
    Nightly(settings, engine).turn(DUE + CATCH_UP + timedelta(minutes=1))
    assert started(engine) == []

    Nightly(settings, engine).turn(DUE + CATCH_UP)
    assert len(started(engine)) == 2


def test_a_study_whose_run_is_going_on_waits_for_its_end(
    engine: Engine, settings: Settings
) -> None:
    other = runs.create(engine, "other", "af", "default", "{}")
    Nightly(settings, engine).turn(DUE)
    assert [row.due_at for row in started(engine)] == [None, DUE]

    runs.ask_to_stop(engine, other.id)
    Nightly(settings, engine).turn(DUE + timedelta(minutes=1))

    assert [row.study for row in started(engine) if row.due_at] == ["af", "dm"]


def test_a_configuration_that_cannot_be_used_does_not_end_the_schedule(
    engine: Engine, settings: Settings, files: Path
) -> None:
    good = (files / "run.yaml").read_text()
    (files / "run.yaml").write_text("name: [")
    Nightly(settings, engine).turn(DUE)
    assert started(engine) == []

    (files / "run.yaml").write_text(good)
    Nightly(settings, engine).turn(DUE)
    assert len(started(engine)) == 2


def test_a_schedule_that_cannot_be_read_is_refused_at_once(
    engine: Engine, settings: Settings
) -> None:
    with pytest.raises(ScheduleError):
        Nightly(settings.model_copy(update={"retrain_schedule": "at night"}), engine)


def test_without_a_schedule_nothing_is_due(engine: Engine, settings: Settings) -> None:
    Nightly(settings.model_copy(update={"retrain_schedule": ""}), engine).turn(DUE)

    assert started(engine) == []
