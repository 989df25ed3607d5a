"""What brings writeback to a patient: a note answered, a note retracted, a person's correction.

An occasion records what it says and tells which question Observations should stand then. The
eligibility that follows from it is the same work for all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sqlmodel import Session, col, select

from services.writeback.tables import AnswerRow, DueRow, NoteRow, NoteState, ResourceRow
from shared.criteria.question import Question
from shared.events import NoteAnswered, NoteRetracted
from shared.fhir import ids, mapping
from shared.fhir.client import Resource
from shared.fhir.mapping_provenance import ELIGIBILITY_RULES
from shared.students.interface import Answer, Verdict

Found = Mapping[str, Resource | None]


@dataclass(frozen=True)
class Desired:
    """person: it is of a person, and written all the same (a retracted note takes it along; a
    note that comes back brings it back)."""

    resource: Resource
    person: bool = False


@dataclass(frozen=True)
class Looks:
    """Observations to look at on the server before anything is planned.

    first: those that writeback has not heard of. known: only where it is unclear how they stand.
    always: in any case."""

    first: Sequence[str] = ()
    known: Sequence[str] = ()
    always: Sequence[str] = ()


class Occasion(Protocol):
    """key: names the occasion, the same when it is repeated. student: whose Device is the agent.
    source: reference that Provenance names."""

    @property
    def patient_id(self) -> str: ...

    @property
    def key(self) -> str: ...

    @property
    def student(self) -> str: ...

    @property
    def source(self) -> str | None: ...

    def record(self, session: Session) -> None:
        """Keeps what the occasion says."""
        ...

    def looks(self, session: Session) -> Looks: ...

    def desired(self, session: Session, found: Found) -> list[Desired]: ...


@dataclass(frozen=True)
class Answered:
    """questions: by key, those of the active studies; answers to others are not wanted any more.
    restored: persons' Observations that a retraction of this note had taken along."""

    event: NoteAnswered
    questions: Mapping[str, Question]
    restored: Sequence[Resource] = ()

    @property
    def patient_id(self) -> str:
        return self.event.note.patient_id

    @property
    def key(self) -> str:
        return f"{self.event.note.document_id}/{self.event.note.sequence}"

    @property
    def student(self) -> str:
        return self.event.student

    @property
    def source(self) -> str:
        return mapping.document_reference(self.event.note)

    @property
    def wanted(self) -> list[Answer]:
        return [answer for answer in self.event.answers if answer.question in self.questions]

    def record(self, session: Session) -> None:
        note = self.event.note
        row = session.get(NoteRow, note.document_id)
        if row is None:
            row = NoteRow(
                document_id=note.document_id,
                patient_id=note.patient_id,
                sequence=note.sequence,
                state=NoteState.ANSWERED,
            )
        if row.patient_id != note.patient_id:  # the note was another patient's by mistake
            session.merge(DueRow(patient_id=row.patient_id, source=self.source))
        row.patient_id, row.sequence, row.state = note.patient_id, note.sequence, NoteState.ANSWERED
        row.opted_out, row.note_date = False, self.event.note_date.isoformat()
        session.add(row)
        known = {row.question: row for row in answers_of(session, note.document_id)}
        for answer in self.wanted:
            said = answer.model_dump_json(exclude_none=True)
            now = (note.patient_id, note.sequence, said, None)
            kept = known.get(answer.question)
            if kept is None:
                kept = AnswerRow(
                    document_id=note.document_id,
                    question=answer.question,
                    patient_id=note.patient_id,
                    observation=observation_reference(answer.question, note.document_id),
                    sequence=note.sequence,
                    answer=said,
                )
                session.add(kept)
            elif (kept.patient_id, kept.sequence, kept.answer, kept.rejected) != now:
                kept.patient_id, kept.sequence, kept.answer, kept.rejected = now

    def looks(self, session: Session) -> Looks:
        document = self.event.note.document_id
        known = {row.observation for row in answers_of(session, document)}
        asked = [observation_reference(answer.question, document) for answer in self.wanted]
        return Looks(first=[name for name in asked if name not in known], known=sorted(known))

    def desired(self, session: Session, found: Found) -> list[Desired]:
        resources = [
            Desired(mapping.observation(self.questions[answer.question], answer, self.event))
            for answer in self.wanted
            if answer.verdict is not Verdict.NA
        ]
        silent = {answer.question for answer in self.wanted if answer.verdict is Verdict.NA}
        rows = answers_of(session, self.event.note.document_id)
        obsolete = {row.question for row in rows if row.sequence < self.event.note.sequence}
        written = _ever_written(session, [row.observation for row in rows])
        standing = {row.question for row in rows if row.observation in written}
        resources += [
            Desired(mapping.withdrawn_observation(question, self.event))
            for question in sorted((silent | obsolete) & standing)
        ]
        return resources + [Desired(resource, person=True) for resource in self.restored]


@dataclass(frozen=True)
class Retracted:
    event: NoteRetracted
    student: str = ELIGIBILITY_RULES

    @property
    def patient_id(self) -> str:
        return self.event.note.patient_id

    @property
    def key(self) -> str:
        return f"{self.event.note.document_id}/{self.event.note.sequence}/retracted"

    @property
    def source(self) -> str:
        return mapping.document_reference(self.event.note)

    def record(self, session: Session) -> None:
        note = self.event.note
        row = session.get(NoteRow, note.document_id) or NoteRow(
            document_id=note.document_id,
            patient_id=note.patient_id,
            sequence=note.sequence,
            state=NoteState.RETRACTED,
        )
        row.sequence, row.state = note.sequence, NoteState.RETRACTED
        row.opted_out = self.event.reason == "opted-out"
        session.add(row)

    def looks(self, session: Session) -> Looks:
        rows = answers_of(session, self.event.note.document_id)
        return Looks(always=[row.observation for row in rows])

    def desired(self, session: Session, found: Found) -> list[Desired]:
        """Everything that stands on the note, whoever wrote it."""
        rows = answers_of(session, self.event.note.document_id)
        standing = [found.get(row.observation) for row in rows]
        return [
            Desired(mapping.entered_in_error(resource), person=True)
            for resource in standing
            if resource is not None and resource.get("status") != "entered-in-error"
        ]


@dataclass(frozen=True)
class Corrected:
    """A person changed an Observation or a ResearchSubject; only the eligibility follows."""

    patient_id: str
    source: str | None
    student: str = field(default=ELIGIBILITY_RULES)

    @property
    def key(self) -> str:
        return f"{self.patient_id}/{self.source}"

    def record(self, session: Session) -> None:
        """The sweep has recorded it already."""

    def looks(self, session: Session) -> Looks:
        return Looks()

    def desired(self, session: Session, found: Found) -> list[Desired]:
        return []


def observation_reference(question: str, document_id: str) -> str:
    return f"Observation/{ids.observation_id(question, document_id)}"


def answers_of(session: Session, document_id: str) -> Sequence[AnswerRow]:
    return session.exec(
        select(AnswerRow)
        .where(AnswerRow.document_id == document_id)
        .order_by(col(AnswerRow.question))
    ).all()


def _ever_written(session: Session, references: Sequence[str]) -> set[str]:
    found = session.exec(
        select(ResourceRow.reference).where(
            col(ResourceRow.reference).in_(references), col(ResourceRow.intended).is_not(None)
        )
    )
    return set(found.all())
