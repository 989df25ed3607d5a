"""What the sections of clinical notes are called, and what else each is called."""

from __future__ import annotations

_NAMES = """
addendum
admission date: date of admission
allergies: allergies and adverse reactions; drug allergies; allergy
assessment: impression and assessment
assessment and plan: assessment/plan; a/p; a&p; impression and plan; impression/plan
attending
chief complaint: cc; presenting complaint; reason for admission; reason for consultation
code status
comparison
condition on discharge: discharge condition; condition at discharge
date of birth
discharge date: date of discharge
discharge diagnoses: discharge diagnosis; final diagnosis; final diagnoses; principal diagnosis
discharge disposition: disposition
discharge instructions
discharge medications: medications on discharge; discharge meds; meds on discharge
examination: exam
family history: fh; fhx; family; family medical history
findings
followup instructions: follow-up; follow up; followup; follow-up instructions; follow up plan
history: clinical history; clinical indication; indication; clinical information
history of present illness: hpi; present illness; history of the present illness; interval history
hospital course: brief hospital course; summary of hospital course; course; clinical course
immunizations
impression
laboratory data: labs; laboratory; laboratory results; lab results; laboratories; laboratory studies
major surgical or invasive procedure: procedures; procedure; operations; surgical procedures
medications: current medications; meds; home medications; current meds; home meds
medications on admission: admission medications; meds on admission; preadmission medications
past medical history: pmh; pmhx; medical history; past history; significant past medical history
past surgical history: psh; surgical history
physical exam: physical examination; pe; physical examination on admission; admission physical
pertinent results: results; studies; imaging; data; radiologic studies
plan: recommendations; recommendation; treatment plan
problem list: problems; active problems
review of systems: ros
service
sex
social history: sh; shx; social; personal and social history
subjective
objective
technique
vital signs: vitals; vs
"""


def _canonical() -> dict[str, str]:
    known: dict[str, str] = {}
    for line in _NAMES.strip().splitlines():
        name, _, others = line.partition(":")
        for one in (name, *filter(None, (other.strip() for other in others.split(";")))):
            known[one] = name
    return known


KNOWN = _canonical()
"""A name as it is written, folded -> the section that it means."""


def folded(name: str) -> str:
    """Without case, spaces that do not count, and marks around it."""
    return " ".join(name.casefold().split()).strip(" .:-#*()[]_=")


def section_of(name: str) -> str:
    """What a heading means: `PMH` and `Past Medical History` are one. A name that is not known
    means itself."""
    return KNOWN.get(folded(name), folded(name))
