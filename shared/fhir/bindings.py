"""Required value-set bindings of FHIR R4 (4.0.1) as plain data.

Keys are definition paths: resource or data type, then element names. Taken from the "Required"
rows of the terminology bindings of each resource page of the specification. R4 codes differ from
R5's: ResearchSubject.status, for one, still holds the enrolment states.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class ConceptBinding(NamedTuple):
    """A required binding on a CodeableConcept: at least one coding is from the value set."""

    system: str
    codes: frozenset[str]


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


_GENDER = _codes("male female other unknown")
_PUBLICATION = _codes("draft active retired unknown")
_EVENT = _codes(
    "preparation in-progress not-done on-hold stopped completed entered-in-error unknown"
)
_ENCOUNTER = _codes(
    "planned arrived triaged in-progress onleave finished cancelled entered-in-error unknown"
)
_DOCUMENT_REFERENCE = _codes("current superseded entered-in-error")
_COMPOSITION = _codes("preliminary final amended entered-in-error")
_LINK_TYPE = _codes("replaced-by replaces refer seealso")
_DAYS = _codes("mon tue wed thu fri sat sun")
_PRIORITY = _codes("routine urgent asap stat")
_REQUEST_STATUS = _codes("draft active on-hold revoked completed entered-in-error unknown")
_REQUEST_INTENT = _codes(
    "proposal plan directive order original-order reflex-order filler-order instance-order option"
)
_TIME_UNIT = _codes("s min h d wk mo a")
_EVENT_TIMING = _codes(
    "MORN MORN.early MORN.late NOON AFT AFT.early AFT.late EVE EVE.early EVE.late NIGHT PHS "
    "HS WAKE C CM CD CV AC ACM ACD ACV PC PCM PCD PCV"
)
_ISSUE_TYPE = _codes(
    "invalid structure required value invariant security login unknown expired forbidden "
    "suppressed processing not-supported duplicate multiple-matches not-found deleted too-long "
    "code-invalid extension too-costly business-rule conflict transient lock-error no-store "
    "exception timeout incomplete throttled informational"
)
_SEARCH_PARAM_TYPE = _codes("number date string token reference composite quantity uri special")
_RESEARCH_STUDY = _codes(
    "active administratively-completed approved closed-to-accrual "
    "closed-to-accrual-and-intervention completed disapproved in-review "
    "temporarily-closed-to-accrual temporarily-closed-to-accrual-and-intervention withdrawn"
)
_RESEARCH_SUBJECT = _codes(
    "candidate eligible follow-up ineligible not-registered off-study on-study "
    "on-study-intervention on-study-observation pending-on-study potential-candidate screening "
    "withdrawn"
)

CODES: Final[dict[str, frozenset[str]]] = {
    # data types
    "Address.type": _codes("postal physical both"),
    "Address.use": _codes("home work temp old billing"),
    "ContactPoint.system": _codes("phone fax email pager url sms other"),
    "ContactPoint.use": _codes("home work temp old mobile"),
    "DataRequirement.sort.direction": _codes("ascending descending"),
    "HumanName.use": _codes("usual official temp nickname anonymous old maiden"),
    "Identifier.use": _codes("usual official temp secondary old"),
    "Narrative.status": _codes("generated extensions additional empty"),
    "Quantity.comparator": _codes("< <= >= >"),
    "RelatedArtifact.type": _codes(
        "documentation justification citation predecessor successor derived-from depends-on "
        "composed-of"
    ),
    "Timing.repeat.dayOfWeek": _DAYS,
    "Timing.repeat.durationUnit": _TIME_UNIT,
    "Timing.repeat.periodUnit": _TIME_UNIT,
    "Timing.repeat.when": _EVENT_TIMING,
    "TriggerDefinition.type": _codes(
        "named-event periodic data-changed data-added data-modified data-removed data-accessed "
        "data-access-ended"
    ),
    # resources
    "AllergyIntolerance.category": _codes("food medication environment biologic"),
    "AllergyIntolerance.criticality": _codes("low high unable-to-assess"),
    "AllergyIntolerance.reaction.severity": _codes("mild moderate severe"),
    "AllergyIntolerance.type": _codes("allergy intolerance"),
    "AuditEvent.action": _codes("C R U D E"),
    "AuditEvent.agent.network.type": _codes("1 2 3 4 5"),
    "AuditEvent.outcome": _codes("0 4 8 12"),
    "Bundle.entry.request.method": _codes("GET HEAD POST PUT DELETE PATCH"),
    "Bundle.entry.search.mode": _codes("match include outcome"),
    "Bundle.type": _codes(
        "document message transaction transaction-response batch batch-response history "
        "searchset collection"
    ),
    "CapabilityStatement.document.mode": _codes("producer consumer"),
    "CapabilityStatement.kind": _codes("instance capability requirements"),
    "CapabilityStatement.messaging.supportedMessage.mode": _codes("sender receiver"),
    "CapabilityStatement.rest.interaction.code": _codes(
        "transaction batch search-system history-system"
    ),
    "CapabilityStatement.rest.mode": _codes("client server"),
    "CapabilityStatement.rest.resource.conditionalDelete": _codes("not-supported single multiple"),
    "CapabilityStatement.rest.resource.conditionalRead": _codes(
        "not-supported modified-since not-match full-support"
    ),
    "CapabilityStatement.rest.resource.interaction.code": _codes(
        "read vread update patch delete history-instance history-type create search-type"
    ),
    "CapabilityStatement.rest.resource.referencePolicy": _codes(
        "literal logical resolves enforced local"
    ),
    "CapabilityStatement.rest.resource.searchParam.type": _SEARCH_PARAM_TYPE,
    "CapabilityStatement.rest.resource.versioning": _codes("no-version versioned versioned-update"),
    "CapabilityStatement.rest.searchParam.type": _SEARCH_PARAM_TYPE,
    "CapabilityStatement.status": _PUBLICATION,
    "CodeSystem.content": _codes("not-present example fragment complete supplement"),
    "CodeSystem.filter.operator": _codes(
        "= is-a descendent-of is-not-a regex in not-in generalizes exists"
    ),
    "CodeSystem.hierarchyMeaning": _codes("grouped-by is-a part-of classified-with"),
    "CodeSystem.property.type": _codes("code Coding string integer boolean dateTime decimal"),
    "CodeSystem.status": _PUBLICATION,
    "Composition.attester.mode": _codes("personal professional legal official"),
    "Composition.relatesTo.code": _codes("replaces transforms signs appends"),
    "Composition.section.mode": _codes("working snapshot changes"),
    "Composition.status": _COMPOSITION,
    "Consent.provision.data.meaning": _codes("instance related dependents authoredby"),
    "Consent.provision.type": _codes("deny permit"),
    "Consent.status": _codes("draft proposed active rejected inactive entered-in-error"),
    "Device.deviceName.type": _codes(
        "udi-label-name user-friendly-name patient-reported-name manufacturer-name model-name other"
    ),
    "Device.status": _codes("active inactive entered-in-error unknown"),
    "Device.udiCarrier.entryType": _codes("barcode rfid manual card self-reported unknown"),
    "DiagnosticReport.status": _codes(
        "registered partial preliminary final amended corrected appended cancelled "
        "entered-in-error unknown"
    ),
    "DocumentReference.docStatus": _COMPOSITION,
    "DocumentReference.relatesTo.code": _codes("replaces transforms signs appends"),
    "DocumentReference.status": _DOCUMENT_REFERENCE,
    "Encounter.location.status": _codes("planned active reserved completed"),
    "Encounter.status": _ENCOUNTER,
    "Encounter.statusHistory.status": _ENCOUNTER,
    "Group.type": _codes("person animal practitioner device medication substance"),
    "List.mode": _codes("working snapshot changes"),
    "List.status": _codes("current retired entered-in-error"),
    "Location.hoursOfOperation.daysOfWeek": _DAYS,
    "Location.mode": _codes("instance kind"),
    "Location.status": _codes("active suspended inactive"),
    "Medication.status": _codes("active inactive entered-in-error"),
    "MedicationRequest.intent": _codes(
        "proposal plan order original-order reflex-order filler-order instance-order option"
    ),
    "MedicationRequest.priority": _PRIORITY,
    "MedicationRequest.status": _codes(
        "active on-hold cancelled completed entered-in-error stopped draft unknown"
    ),
    "MedicationStatement.status": _codes(
        "active completed entered-in-error intended stopped on-hold unknown not-taken"
    ),
    "MessageHeader.response.code": _codes("ok transient-error fatal-error"),
    "Observation.status": _codes(
        "registered preliminary final amended corrected cancelled entered-in-error unknown"
    ),
    "OperationOutcome.issue.code": _ISSUE_TYPE,
    "OperationOutcome.issue.severity": _codes("fatal error warning information"),
    "Patient.contact.gender": _GENDER,
    "Patient.gender": _GENDER,
    "Patient.link.type": _LINK_TYPE,
    "Practitioner.gender": _GENDER,
    "PractitionerRole.availableTime.daysOfWeek": _DAYS,
    "Procedure.status": _EVENT,
    "Provenance.entity.role": _codes("derivation revision quotation source removal"),
    "ResearchStudy.status": _RESEARCH_STUDY,
    "ResearchSubject.status": _RESEARCH_SUBJECT,
    "ServiceRequest.intent": _REQUEST_INTENT,
    "ServiceRequest.priority": _PRIORITY,
    "ServiceRequest.status": _REQUEST_STATUS,
    "Subscription.channel.type": _codes("rest-hook websocket email sms message"),
    "Subscription.status": _codes("requested active error off"),
}

# Age, Count, Distance, Duration and Money profiles are quantities too.
for _quantity in ("Age", "Count", "Distance", "Duration"):
    CODES[f"{_quantity}.comparator"] = CODES["Quantity.comparator"]

TARGETS: Final[dict[str, frozenset[str]]] = {
    "Observation.subject": _codes("Patient Group Device Location"),
}
"""Reference targets of R4 where R4B, whose models we use, allows more."""

_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"

CONCEPTS: Final[dict[str, ConceptBinding]] = {
    "AllergyIntolerance.clinicalStatus": ConceptBinding(
        f"{_TERMINOLOGY}/allergyintolerance-clinical", _codes("active inactive resolved")
    ),
    "AllergyIntolerance.verificationStatus": ConceptBinding(
        f"{_TERMINOLOGY}/allergyintolerance-verification",
        _codes("unconfirmed confirmed refuted entered-in-error"),
    ),
    "Condition.clinicalStatus": ConceptBinding(
        f"{_TERMINOLOGY}/condition-clinical",
        _codes("active recurrence relapse inactive remission resolved"),
    ),
    "Condition.verificationStatus": ConceptBinding(
        f"{_TERMINOLOGY}/condition-ver-status",
        _codes("unconfirmed provisional differential confirmed refuted entered-in-error"),
    ),
}
