from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine

from services.trials import outbox, registry
from services.trials.tables import StudyStatus
from shared.criteria.study import Study


def retitled(study: Study, title: str) -> Study:
    return study.model_copy(update={"title": title})


def test_an_added_study_is_active_and_owed_to_the_fhir_server(engine: Engine, study: Study) -> None:
    registry.create(engine, study)

    found = registry.record(engine, "x")
    assert (found.study, found.status, found.published) == (study, StudyStatus.ACTIVE, False)
    assert outbox.pending(engine) == (1, 1)


def test_an_id_is_added_once(engine: Engine, study: Study) -> None:
    registry.create(engine, study)

    with pytest.raises(registry.StudyExists, match="PUT /studies/x adds a version"):
        registry.create(engine, retitled(study, "Other"))


def test_a_new_version_counts_up_and_the_old_one_stays_readable(
    engine: Engine, study: Study
) -> None:
    registry.create(engine, study)

    latest = registry.new_version(engine, retitled(study, "U"), expected=1)

    assert latest.version == 2
    assert registry.newest(engine) == [latest]
    assert registry.version(engine, "x", 1) == study
    assert registry.versions(engine, "x", 1, 2) == (study,)


def test_sending_the_same_again_makes_no_version(engine: Engine, study: Study) -> None:
    registry.create(engine, study)
    latest = registry.new_version(engine, retitled(study, "U"), expected=1)

    # A client whose answer got lost sends the same request again.
    assert registry.new_version(engine, retitled(study, "U"), expected=1) == latest
    assert outbox.pending(engine) == (1, 2)


def test_a_change_that_started_from_an_older_version_is_refused(
    engine: Engine, study: Study
) -> None:
    registry.create(engine, study)
    registry.new_version(engine, retitled(study, "U"), expected=1)

    with pytest.raises(registry.VersionConflict, match="is at version 2, not 1"):
        registry.new_version(engine, retitled(study, "V"), expected=1)


def test_of_parallel_changes_exactly_one_wins(engine: Engine, study: Study) -> None:
    registry.create(engine, study)

    def change(title: str) -> bool:
        try:
            registry.new_version(engine, retitled(study, title), expected=1)
        except registry.VersionConflict:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        won = list(pool.map(change, "ABCDEFGH"))

    assert won.count(True) == 1
    assert registry.record(engine, "x").study.version == 2


def test_a_retired_study_is_not_listed_as_active_and_a_new_version_revives_it(
    engine: Engine, study: Study
) -> None:
    registry.create(engine, study)
    registry.retire(engine, "x")

    assert registry.newest(engine, StudyStatus.ACTIVE) == []
    assert registry.newest(engine, StudyStatus.RETIRED) == [study]

    assert registry.new_version(engine, study, expected=1).version == 2
    assert len(registry.newest(engine, StudyStatus.ACTIVE)) == 1


def test_what_is_not_there_is_said_so(engine: Engine, study: Study) -> None:
    for ask in (
        lambda: registry.new_version(engine, study, expected=1),
        lambda: registry.retire(engine, "x"),
        lambda: registry.record(engine, "x"),
        lambda: registry.version(engine, "x", 7),
    ):
        with pytest.raises(registry.UnknownStudy, match="'x'"):
            ask()


def test_shipped_studies_are_added_once_and_never_brought_back(
    engine: Engine, study: Study
) -> None:
    assert registry.add_missing(engine, [study]) == ["x"]
    registry.retire(engine, "x")

    assert registry.add_missing(engine, [study]) == []
    assert registry.record(engine, "x").status is StudyStatus.RETIRED


def test_the_first_studies_ask_for_no_screening_again(engine: Engine, study: Study) -> None:
    registry.add_missing(engine, [study])

    assert outbox.pending(engine) == (1, 0)
