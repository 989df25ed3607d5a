"""Reads every correction that stands on the FHIR server, with its note."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.retrain.corrections.documents import (
    About,
    batches,
    current_versions,
    named_note,
    note_by_id,
    patient_of,
    read_notes,
)
from services.retrain.corrections.item import item_of, quote_of
from services.retrain.corrections.omitted import Left, Omitted
from services.retrain.corrections.person import PERSONS, is_persons
from shared.criteria.question import Question
from shared.fhir import mapping, systems
from shared.fhir.client import FhirClient, Resource
from training.dataset.records import TeacherItem, TeacherNote
from training.notes.records import SourceNote

PATIENCE = 300.0
"""Seconds for which a server that is away is asked again."""


@dataclass
class Collected:
    """notes: with the corrected items as theirs. omitted: reason -> Observations.
    unquoted: items that claim something and have no quote in the note."""

    notes: list[TeacherNote] = field(default_factory=list)
    omitted: Counter[Omitted] = field(default_factory=Counter)
    unquoted: int = 0

    @property
    def items(self) -> int:
        return sum(len(note.items) for note in self.notes)


@dataclass(frozen=True)
class _Correction:
    observation: Resource
    about: About
    item: TeacherItem


async def collect(
    fhir: FhirClient,
    questions: Mapping[str, Question],
    *,
    study: str | None = None,
    opt_out_group: str = "",
    limit: int = 10_000_000,
    patience: float = PATIENCE,
) -> Collected:
    """questions: by key, those of the studies as they stand. study: corrections of this one
    alone. limit: bytes of a note. Raises FhirError, NoteSourceError."""
    found = Collected()
    read: dict[tuple[str, str], _Correction] = {}
    for observation in await _of_persons(fhir, study, found.omitted, patience):
        try:
            correction = await _read(fhir, observation, questions, patience)
        except Left as left:
            found.omitted[left.why] += 1
            continue
        key = (str(mapping.question_key(observation)), correction.about.document_id)
        if (other := read.get(key)) is not None:
            found.omitted[Omitted.OLDER] += 1
            correction = max(correction, other, key=_updated)
        read[key] = correction
    about = {one.about.document_id for one in read.values()}
    notes = await read_notes(
        fhir, about, opt_out_group=opt_out_group, limit=limit, patience=patience
    )
    versions = {id: version async for id, version in current_versions(fhir, sorted(notes))}
    items: dict[str, list[TeacherItem]] = {}
    for _, correction in sorted(read.items(), key=lambda one: one[0]):
        try:
            item = _on_its_note(correction, notes, versions, fhir.base_url)
        except Left as left:
            found.omitted[left.why] += 1
            continue
        found.unquoted += not item.quote and item.answer != "NA"
        items.setdefault(correction.about.document_id, []).append(item)
    found.notes = [_teacher_note(notes[id], items[id]) for id in sorted(items)]
    return found


async def _of_persons(
    fhir: FhirClient, study: str | None, omitted: Counter[Omitted], patience: float
) -> list[Resource]:
    params = {"code": f"{systems.QUESTIONS}|", "status": PERSONS, "_count": "200"}
    candidates: dict[str, Resource] = {}
    async for one in fhir.search("Observation", params, fresh=True, patience=patience):
        key = mapping.question_key(one)
        if key is None:
            continue
        if study is not None and key.split("/", 1)[0] != study:
            omitted[Omitted.OTHER_STUDY] += 1
        elif one.get("status") in PERSONS.split(","):
            candidates[str(one["id"])] = one
    persons = []
    for some in batches(sorted(candidates)):
        targets = {"target": ",".join(f"Observation/{id}" for id in some), "_count": "200"}
        provenances = [
            one async for one in fhir.search("Provenance", targets, fresh=True, patience=patience)
        ]
        for id in some:
            if is_persons(candidates[id], provenances):
                persons.append(candidates[id])
            else:
                omitted[Omitted.MACHINE] += 1
    return persons


async def _read(
    fhir: FhirClient, observation: Resource, questions: Mapping[str, Question], patience: float
) -> _Correction:
    item = item_of(observation, questions.get(str(mapping.question_key(observation))))
    about = named_note(observation, fhir.base_url) or await note_by_id(fhir, observation, patience)
    if about is None:
        raise Left(Omitted.NO_NOTE)
    return _Correction(observation, about, item)


def _on_its_note(
    correction: _Correction,
    notes: Mapping[str, SourceNote],
    versions: Mapping[str, str | None],
    base: str,
) -> TeacherItem:
    about, observation = correction.about, correction.observation
    note = notes.get(about.document_id)
    if note is None:
        raise Left(Omitted.NOTE_GONE)
    if patient_of(observation, base) != note.patient_id:
        raise Left(Omitted.OTHER_PATIENT)
    same_text = about.version_id in (None, versions.get(about.document_id))
    quote = ""
    if correction.item.answer != "NA":
        quote = quote_of(observation, note.text, same_text=same_text)
    if not same_text and not (quote and mapping.quote(observation)):
        # The person judged another text. Where the very evidence still stands, so does the answer.
        raise Left(Omitted.NOTE_CHANGED)
    return correction.item.model_copy(update={"quote": quote})


def _teacher_note(note: SourceNote, items: Sequence[TeacherItem]) -> TeacherNote:
    return TeacherNote(
        id=note.id,
        patient_id=note.patient_id,
        note_type=note.note_type,
        specialty=note.specialty,
        text=note.text,
        items=tuple(items),
    )


def _updated(correction: _Correction) -> str:
    """Servers write instants of one form, which sort as text."""
    return str((correction.observation.get("meta") or {}).get("lastUpdated") or "")
