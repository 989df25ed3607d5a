"""A student is promoted, extract dies, the student is rolled back, and notes come all the time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

import pytest

from shared.fhir import ids, mapping
from training.registry import Registry, StudentDescription, write_description

from .conftest import Pipeline, started

pytestmark = pytest.mark.e2e

TEXT = "af: Yes\nheart-failure: No\ncreatinine: 1.{}\n"
QUESTIONS = 3


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(str(tmp_path / "registry"))


@pytest.fixture
def pipeline(tmp_path: Path, registry: Registry) -> Iterator[Pipeline]:
    yield from started(
        tmp_path / "pipeline",
        CHARTSIFT_STUDENT="tiny_student:open_student",
        CHARTSIFT_REGISTRY_URL=registry.url,
        CHARTSIFT_REGISTRY_POLL_SECONDS="0.1",
        CHARTSIFT_SCREENING_LIST_DELAY="0.2",
        TINY_STUDENT_SECONDS="0.02",
    )


def new_student(registry: Registry, folder: Path) -> str:
    folder.mkdir(parents=True)
    description = StudentDescription(
        engine="tiny",
        name=folder.name,
        created=datetime(2026, 1, 1, tzinfo=UTC),
        dataset={},
        thresholds={},
        metrics={},
    )
    write_description(folder, description)
    return registry.add(folder)


def test_every_note_is_written_and_names_the_student_that_answered_it(
    pipeline: Pipeline, registry: Registry, tmp_path: Path
) -> None:
    first, second = (new_student(registry, tmp_path / name) for name in "ab")
    students: list[str] = []  # of each answer, in the order in which the notes were sent

    def send() -> tuple[str, list[str]]:
        """Three notes of a new patient."""
        patient = pipeline.new_patient()
        return patient, [pipeline.send(patient, TEXT.format(number)) for number in range(3)]

    def look(patient: str, sent: list[str]) -> None:
        """Every note was answered in full, by one student."""
        pipeline.written(*sent)
        found: dict[str, list[str]] = {document: [] for document in sent}
        for one in pipeline.find("Observation", subject=f"Patient/{patient}"):
            if mapping.question_key(one):
                note = one["derivedFrom"][0]["reference"].split("/")[1]
                found[note].append(one["device"]["reference"])
        for devices in found.values():
            assert len(devices) == QUESTIONS
            assert len(set(devices)) == 1
            students.append(devices[0])

    def send_until_answered_by(version: str) -> None:
        def reached() -> bool:
            look(*send())
            return students[-1] == device_of(version)

        pipeline.until(reached, f"{version} answers")

    send_until_answered_by("tiny-1")
    registry.promote(first, None)
    send_until_answered_by(first)
    in_hand = send()
    registry.promote(second, None)
    pipeline.kill("extract")
    look(*in_hand)
    send_until_answered_by(second)
    in_hand = send()
    assert registry.roll_back() == first
    look(*in_hand)
    send_until_answered_by(first)

    one_after_the_other = [device for device, _ in groupby(students)]
    assert one_after_the_other == [device_of(one) for one in ("tiny-1", first, second, first)]


def device_of(version: str) -> str:
    return f"Device/{ids.device_id(version)}"
