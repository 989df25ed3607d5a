"""What is accepted is written exactly once, whatever dies in the middle."""

from __future__ import annotations

import time

import pytest

from shared.fhir import mapping

from .conftest import Pipeline

pytestmark = pytest.mark.e2e

TEXT = "af: Yes\nheart-failure: No\ncreatinine: 1.{}\n"
AWAY = 5.0  # seconds
KEYS = {"apixaban-af/af", "apixaban-af/heart-failure", "apixaban-af/creatinine"}


def written_exactly_once(pipeline: Pipeline, patient: str, documents: list[str]) -> None:
    observations = pipeline.find("Observation", subject=f"Patient/{patient}")
    answers = [one for one in observations if mapping.question_key(one)]
    found = [
        (one["derivedFrom"][0]["reference"].split("/")[1], mapping.question_key(one))
        for one in answers
    ]
    assert sorted(found) == sorted((document, key) for document in documents for key in KEYS)
    assert {one["id"]: pipeline.versions(one) for one in answers} == {
        one["id"]: 1 for one in answers
    }
    for document in documents:
        about = [
            provenance
            for provenance in pipeline.find("Provenance")
            if f"DocumentReference/{document}" in provenance["entity"][0]["what"]["reference"]
        ]
        assert len(about) == 1
    studies = [one["study"]["reference"] for one in subjects(pipeline, patient)]
    assert len(studies) == len(set(studies)) == 2


def subjects(pipeline: Pipeline, patient: str) -> list[dict[str, dict[str, str]]]:
    return pipeline.find("ResearchSubject", individual=f"Patient/{patient}")


@pytest.mark.parametrize("service", ["ingest", "extract", "writeback", "fhir", "trials"])
def test_kill_9_in_the_middle(pipeline: Pipeline, service: str) -> None:
    patients = [pipeline.new_patient() for _ in range(3)]
    sent: dict[str, list[str]] = {patient: [] for patient in patients}

    def send(first: int, last: int) -> None:
        for number in range(first, last):
            for patient in patients:
                sent[patient].append(pipeline.send(patient, TEXT.format(number)))

    send(0, 3)
    pipeline.kill(service)
    send(3, 5)
    pipeline.written(*(document for documents in sent.values() for document in documents))
    for patient, documents in sent.items():
        written_exactly_once(pipeline, patient, documents)


def test_the_fhir_server_is_away_for_a_while(pipeline: Pipeline) -> None:
    patient = pipeline.new_patient()
    documents = [pipeline.send(patient, TEXT.format(number)) for number in range(3)]
    pipeline.restarting = False
    pipeline.kill("fhir")
    documents += [pipeline.send(patient, TEXT.format(number)) for number in range(3, 5)]
    time.sleep(AWAY)
    assert {pipeline.state(one)["state"] for one in documents[3:]} == {"received"}
    pipeline.restarting = True
    pipeline.written(*documents)
    written_exactly_once(pipeline, patient, documents)
