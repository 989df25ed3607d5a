"""Why a correction is neither trained nor judged on."""

from __future__ import annotations

from enum import StrEnum


class Omitted(StrEnum):
    MACHINE = "written by a machine"
    OTHER_STUDY = "of another study"
    OLDER = "answered anew in another Observation"
    UNSETTLED = "closed without an answer"
    NO_WORDS = "wording of the question not known"
    NO_KIND = "kind of answer not known, or not that of the question"
    UNIT = "number without a unit, or not in one of the question's kind"
    NO_NOTE = "its note is not named"
    NOTE_GONE = "its note is gone, retracted, unreadable, or of a patient who opted out"
    OTHER_PATIENT = "its note is of another patient"
    NOTE_CHANGED = "its note has changed since"
    BOTH_SIDES = "of a patient who is trained and judged on already"


class Left(Exception):
    """A correction that is left out."""

    def __init__(self, why: Omitted) -> None:
        super().__init__(why.value)
        self.why = why
