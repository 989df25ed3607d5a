"""The search parameters that the server knows: name, type and elements, after R4.

`path>Kind` keeps only references to that kind. Served kinds are the keys of PARAMETERS.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple


class ParamType(StrEnum):
    TOKEN = "token"
    STRING = "string"
    REFERENCE = "reference"
    DATE = "date"
    URI = "uri"


class Param(NamedTuple):
    """paths: element paths below the resource. target: the only kind referred to, or empty."""

    name: str
    type: ParamType
    paths: tuple[tuple[str, ...], ...]
    target: str = ""


def _params(lines: str) -> dict[str, Param]:
    found = {}
    for line in filter(None, lines.splitlines()):
        name, type_, *paths = line.split()
        target = ""
        if ">" in paths[-1]:
            paths[-1], target = paths[-1].split(">")
        split = tuple(tuple(path.split(".")) for path in paths)
        found[name] = Param(name, ParamType(type_), split, target)
    return found


_COMMON = _params("""
_tag token meta.tag
_security token meta.security
_profile uri meta.profile
_source uri meta.source
""")

_CLINICAL = """
identifier token identifier
patient reference subject>Patient
subject reference subject
"""

_PERSON = """
identifier token identifier
active token active
name string name.text name.family name.given name.prefix name.suffix
family string name.family
given string name.given
gender token gender
telecom token telecom
"""

PARAMETERS: Final[dict[str, dict[str, Param]]] = {
    "AllergyIntolerance": _params("""
identifier token identifier
patient reference patient
clinical-status token clinicalStatus
verification-status token verificationStatus
code token code reaction.substance
category token category
date date recordedDate
"""),
    "AuditEvent": _params("""
date date recorded
action token action
agent reference agent.who
entity reference entity.what
patient reference entity.what>Patient
source reference source.observer
type token type
subtype token subtype
outcome token outcome
"""),
    "Binary": {},
    "CodeSystem": _params("""
identifier token identifier
url uri url
version token version
name string name
title string title
status token status
date date date
code token concept.code
"""),
    "Condition": _params(f"""{_CLINICAL}
clinical-status token clinicalStatus
verification-status token verificationStatus
category token category
code token code
severity token severity
encounter reference encounter
onset-date date onsetDateTime onsetPeriod
abatement-date date abatementDateTime abatementPeriod
recorded-date date recordedDate
asserter reference asserter
"""),
    "Consent": _params("""
identifier token identifier
patient reference patient
status token status
scope token scope
category token category
date date dateTime
period date provision.period
action token provision.action
purpose token provision.purpose
actor reference provision.actor.reference
consentor reference performer
organization reference organization
"""),
    "Device": _params("""
identifier token identifier
status token status
type token type
device-name string deviceName.name type.coding.display type.text
manufacturer string manufacturer
model string modelNumber
patient reference patient
organization reference owner
location reference location
url uri url
"""),
    "DiagnosticReport": _params(f"""{_CLINICAL}
status token status
category token category
code token code
date date effectiveDateTime effectivePeriod
encounter reference encounter
issued date issued
performer reference performer
result reference result
based-on reference basedOn
"""),
    "DocumentReference": _params("""
identifier token masterIdentifier identifier
patient reference subject>Patient
subject reference subject
status token status
type token type
category token category
date date date
period date context.period
author reference author
custodian reference custodian
encounter reference context.encounter
event token context.event
facility token context.facilityType
setting token context.practiceSetting
related reference context.related
contenttype token content.attachment.contentType
format token content.format
location uri content.attachment.url
description string description
security-label token securityLabel
relatesto reference relatesTo.target
relation token relatesTo.code
"""),
    "Encounter": _params(f"""{_CLINICAL}
status token status
class token class
type token type
date date period
participant reference participant.individual
reason-code token reasonCode
service-provider reference serviceProvider
location reference location.location
part-of reference partOf
"""),
    "Group": _params("""
identifier token identifier
type token type
actual token actual
code token code
member reference member.entity
managing-entity reference managingEntity
characteristic token characteristic.code
exclude token characteristic.exclude
value token characteristic.valueCodeableConcept characteristic.valueBoolean
"""),
    "List": _params(f"""{_CLINICAL}
status token status
code token code
date date date
title string title
source reference source
encounter reference encounter
item reference entry.item
empty-reason token emptyReason
"""),
    "Location": _params("""
identifier token identifier
name string name alias
status token status
type token type
organization reference managingOrganization
partof reference partOf
"""),
    "Medication": _params("""
identifier token identifier
code token code
status token status
"""),
    "MedicationRequest": _params(f"""{_CLINICAL}
status token status
intent token intent
priority token priority
category token category
code token medicationCodeableConcept
medication reference medicationReference
encounter reference encounter
authoredon date authoredOn
date date dosageInstruction.timing.event
requester reference requester
"""),
    "MedicationStatement": _params(f"""{_CLINICAL}
status token status
category token category
code token medicationCodeableConcept
medication reference medicationReference
context reference context
effective date effectiveDateTime effectivePeriod
source reference informationSource
"""),
    "Observation": _params(f"""{_CLINICAL}
status token status
category token category
code token code
component-code token component.code
combo-code token code component.code
date date effectiveDateTime effectivePeriod effectiveInstant effectiveTiming.event
encounter reference encounter
performer reference performer
device reference device
derived-from reference derivedFrom
has-member reference hasMember
based-on reference basedOn
part-of reference partOf
focus reference focus
specimen reference specimen
method token method
data-absent-reason token dataAbsentReason
value-concept token valueCodeableConcept
value-date date valueDateTime valuePeriod
value-string string valueString
"""),
    "Organization": _params("""
identifier token identifier
active token active
name string name alias
type token type
partof reference partOf
"""),
    "Patient": _params(f"""{_PERSON}
birthdate date birthDate
death-date date deceasedDateTime
language token communication.language
link reference link.other
general-practitioner reference generalPractitioner
organization reference managingOrganization
"""),
    "Practitioner": _params(_PERSON),
    "PractitionerRole": _params("""
identifier token identifier
active token active
practitioner reference practitioner
organization reference organization
role token code
specialty token specialty
"""),
    "Procedure": _params(f"""{_CLINICAL}
status token status
category token category
code token code
date date performedDateTime performedPeriod
encounter reference encounter
performer reference performer.actor
"""),
    "Provenance": _params("""
target reference target
patient reference target>Patient
recorded date recorded
when date occurredDateTime occurredPeriod
agent reference agent.who
agent-role token agent.role
agent-type token agent.type
entity reference entity.what
location reference location
"""),
    "ResearchStudy": _params("""
identifier token identifier
status token status
title string title
category token category
condition token condition
focus token focus
keyword token keyword
date date period
partof reference partOf
principalinvestigator reference principalInvestigator
protocol reference protocol
site reference site
sponsor reference sponsor
location token location
"""),
    "ResearchSubject": _params("""
identifier token identifier
status token status
date date period
individual reference individual
patient reference individual>Patient
study reference study
"""),
    "Subscription": _params("""
status token status
criteria string criteria
type token channel.type
url uri channel.endpoint
payload token channel.payload
contact token contact
"""),
}  # fmt: skip

for _own in PARAMETERS.values():
    _own.update(_COMMON)
