"""What counts as valid FHIR R4."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.fhir.rules import InvalidResource, check, require_valid

Resource = dict[str, Any]

OBSERVATION: Resource = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
PATIENT: Resource = {"resourceType": "Patient", "id": "p"}
LIST: Resource = {"resourceType": "List", "status": "current", "mode": "working"}
GROUP: Resource = {"resourceType": "Group", "type": "person", "actual": False}
CONSENT: Resource = {
    "resourceType": "Consent",
    "status": "active",
    "scope": {"coding": [{"code": "research"}]},
    "category": [{"text": "x"}],
    "patient": {"reference": "Patient/1"},
    "policyRule": {"text": "x"},
}
CONDITION: Resource = {"resourceType": "Condition", "subject": {"reference": "Patient/1"}}
PROVENANCE: Resource = {
    "resourceType": "Provenance",
    "target": [{"reference": "Observation/1"}],
    "recorded": "2026-01-01T10:00:00Z",
    "agent": [{"who": {"reference": "Device/1"}}],
}
SUBJECT: Resource = {
    "resourceType": "ResearchSubject",
    "status": "candidate",
    "study": {"reference": "ResearchStudy/1"},
    "individual": {"reference": "Patient/1"},
}
ITEM = {"item": {"reference": "ResearchSubject/1"}}
CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
VERIFIED = "http://terminology.hl7.org/CodeSystem/condition-ver-status"


def concept(system: str, code: str) -> Resource:
    return {"coding": [{"system": system, "code": code}]}


def bundle(type_: str, *entries: Resource, **more: Any) -> Resource:
    body = {"resourceType": "Bundle", "type": type_} | more
    return body | ({"entry": list(entries)} if entries else {})


EXTENDED = {"extension": [{"url": "u", "valueCode": "x"}]}
PUT = {"method": "PUT", "url": "Patient/p"}

VALID: list[Resource] = [
    OBSERVATION,
    PATIENT,
    GROUP,
    CONSENT,
    CONDITION,
    PROVENANCE,
    SUBJECT,
    {"resourceType": "Patient"},
    OBSERVATION | {"dataAbsentReason": {"text": "unknown"}},
    OBSERVATION | {"valueQuantity": {"value": 2.5, "code": "mg/dL", "system": "http://u"}},
    OBSERVATION | {"effectivePeriod": {"start": "2026", "end": "2026-03"}},
    OBSERVATION | {"effectiveDateTime": "2026-02"},
    OBSERVATION | {"contained": [PATIENT], "subject": {"reference": "#p"}},
    LIST | {"entry": [ITEM | {"date": "2026-01-01"}]},
    LIST | {"mode": "changes", "entry": [ITEM | {"deleted": True}]},
    GROUP | {"actual": True, "member": [{"entity": {"reference": "Patient/1"}}]},
    PATIENT | {"birthDate": "1950", "_birthDate": EXTENDED},
    PATIENT | {"name": [{"given": ["A", None], "_given": [None, EXTENDED]}]},
    CONDITION | {"clinicalStatus": concept(CLINICAL, "resolved"), "abatementDateTime": "2026"},
    bundle("transaction", {"resource": PATIENT, "request": PUT}),
    bundle("searchset", total=0),
    {
        "resourceType": "DocumentReference",
        "status": "current",
        "content": [{"attachment": {"contentType": "text/plain", "data": "aGVsbG8="}}],
    },
]  # fmt: skip


@pytest.mark.parametrize("resource", VALID)
def test_valid_resources_have_no_issue(resource: Resource) -> None:
    assert check(resource) == []


@pytest.mark.parametrize(
    ("resource", "location", "code"),
    [
        ({}, "Resource", "structure"),
        ({"resourceType": "Quantity"}, "Resource", "structure"),
        ({"resourceType": 5}, "Resource", "structure"),
        ({"resourceType": "Observation", "status": "final"}, "Observation.code", "required"),
        ({"resourceType": "Observation", "code": {"text": "x"}}, "Observation.status", "required"),
        (OBSERVATION | {"foo": 1}, "Observation.foo", "structure"),
        (OBSERVATION | {"fhir_comments": "x"}, "Observation.fhir_comments", "structure"),
        (OBSERVATION | {"note": {"text": "x"}}, "Observation.note", "structure"),
        (OBSERVATION | {"note": [{"txt": "x"}]}, "Observation.note[0].txt", "structure"),
        (OBSERVATION | {"valueBoolean": "true"}, "Observation.valueBoolean", "structure"),
        (OBSERVATION | {"valueInteger": True}, "Observation.valueInteger", "structure"),
        (OBSERVATION | {"valueInteger": 1.0}, "Observation.valueInteger", "structure"),
        (
            OBSERVATION | {"valueQuantity": {"value": "1"}},
            "Observation.valueQuantity.value",
            "structure",
        ),
        (OBSERVATION | {"valueBoolean": True, "valueString": "x"}, "Observation", "structure"),
        (OBSERVATION | {"effectiveDateTime": "1.2.2026"}, "Observation.effectiveDateTime",
         "structure"),
        (OBSERVATION | {"issued": "2026-01-01"}, "Observation.issued", "structure"),
        (PATIENT | {"birthDate": "2026-02-30"}, "Patient.birthDate", "structure"),
        (PATIENT | {"id": "a b"}, "Patient.id", "structure"),
        (PATIENT | {"implicitRules": "a b"}, "Patient.implicitRules", "value"),
        (PROVENANCE | {"identifier": [{"value": "x"}]}, "Provenance.identifier", "structure"),
        (
            OBSERVATION | {"subject": {"reference": "Practitioner/1"}},
            "Observation.subject.reference",
            "value",
        ),
        (
            bundle("collection", {"resource": OBSERVATION | {"status": "x"}}),
            "Bundle.entry[0].resource.status",
            "code-invalid",
        ),
    ],
)  # fmt: skip
def test_wrong_structure_is_located(resource: Resource, location: str, code: str) -> None:
    assert [(i.location, i.code) for i in check(resource)] == [(location, code)]


@pytest.mark.parametrize(
    ("resource", "location"),
    [
        (OBSERVATION | {"status": "bogus"}, "Observation.status"),
        (SUBJECT | {"status": "active"}, "ResearchSubject.status"),  # R5
        (PATIENT | {"gender": "f"}, "Patient.gender"),
        (
            PATIENT | {"identifier": [{"value": "x", "use": "primary"}]},
            "Patient.identifier[0].use",
        ),
        (
            OBSERVATION | {"valueQuantity": {"value": 1, "comparator": "~"}},
            "Observation.valueQuantity.comparator",
        ),
        (LIST | {"mode": "x"}, "List.mode"),
        (CONDITION | {"clinicalStatus": {"text": "active"}}, "Condition.clinicalStatus"),
        (
            CONDITION | {"clinicalStatus": concept("http://other", "active")},
            "Condition.clinicalStatus",
        ),
        (
            PROVENANCE | {"entity": [{"role": "input", "what": {"reference": "List/1"}}]},
            "Provenance.entity[0].role",
        ),
    ],
)
def test_required_value_sets_hold(resource: Resource, location: str) -> None:
    assert [(i.location, i.code) for i in check(resource)] == [(location, "code-invalid")]


@pytest.mark.parametrize(
    ("key", "resource"),
    [
        ("ele-1", PATIENT | {"name": []}),
        ("ele-1", PATIENT | {"name": [{}]}),
        ("ele-1", PATIENT | {"name": [{"id": "x"}]}),
        ("ele-1", PATIENT | {"gender": None}),
        ("ele-1", PATIENT | {"name": [{"family": " "}]}),
        ("ele-1", PATIENT | {"name": [{"given": ["A", None]}]}),
        ("ext-1", PATIENT | {"extension": [{"url": "u"}]}),
        (
            "ext-1",
            PATIENT
            | {
                "extension": [
                    {
                        "url": "u",
                        "valueCode": "x",
                        "extension": [{"url": "v", "valueCode": "y"}],
                    }
                ]
            },
        ),
        ("ref-1", OBSERVATION | {"subject": {"reference": "#p"}}),
        ("dom-2", OBSERVATION | {"contained": [PATIENT | {"contained": [OBSERVATION]}],
                                 "subject": {"reference": "#p"}}),
        ("dom-3", OBSERVATION | {"contained": [PATIENT]}),
        ("dom-4", OBSERVATION | {"contained": [PATIENT | {"meta": {"versionId": "1"}}],
                                 "subject": {"reference": "#p"}}),
        ("dom-5", OBSERVATION | {"contained": [PATIENT | {"meta": {"security": [{"code": "R"}]}}],
                                 "subject": {"reference": "#p"}}),
        ("txt-1", PATIENT | {"text": {"status": "generated", "div": "<p>x</p>"}}),
        ("txt-1", PATIENT | {"text": {"status": "generated",
                                      "div": "<div><script>x</script></div>"}}),
        ("txt-1", PATIENT | {"text": {"status": "generated",
                                      "div": '<div onclick="x">x</div>'}}),
        ("txt-2", PATIENT | {"text": {"status": "generated", "div": "<div> </div>"}}),
        ("qty-3", OBSERVATION | {"valueQuantity": {"value": 1, "code": "mg"}}),
        ("per-1", OBSERVATION | {"effectivePeriod": {"start": "2026", "end": "2025-12"}}),
        ("rat-1", OBSERVATION | {"valueRatio": {"numerator": {"value": 1}}}),
        ("rng-2", OBSERVATION | {"valueRange": {"low": {"value": 2}, "high": {"value": 1}}}),
        ("cpt-2", PATIENT | {"telecom": [{"value": "1"}]}),
        ("pat-1", PATIENT | {"contact": [{"gender": "male"}]}),
        ("obs-3", OBSERVATION | {"referenceRange": [{"type": {"text": "x"}}]}),
        ("obs-6", OBSERVATION | {"valueBoolean": True, "dataAbsentReason": {"text": "x"}}),
        (
            "obs-7",
            OBSERVATION
            | {
                "code": concept("s", "c"),
                "valueBoolean": True,
                "component": [{"code": concept("s", "c"), "valueBoolean": True}],
            },
        ),
        ("grp-1", GROUP | {"member": [{"entity": {"reference": "Patient/1"}}]}),
        ("lst-1", LIST | {"entry": [ITEM], "emptyReason": {"text": "x"}}),
        ("lst-2", LIST | {"entry": [ITEM | {"deleted": True}]}),
        ("lst-3", LIST | {"mode": "snapshot", "entry": [ITEM | {"date": "2026"}]}),
        ("con-4", CONDITION | {"clinicalStatus": concept(CLINICAL, "active"),
                               "abatementDateTime": "2026"}),
        ("con-5", CONDITION | {"clinicalStatus": concept(CLINICAL, "active"),
                               "verificationStatus": concept(VERIFIED, "entered-in-error")}),
        ("ppc-1", {k: v for k, v in CONSENT.items() if k != "policyRule"}),
        ("ppc-3", {k: v for k, v in CONSENT.items() if k != "patient"}),
        ("org-1", {"resourceType": "Organization", "active": True}),
        (
            "att-1",
            {
                "resourceType": "DocumentReference",
                "status": "current",
                "content": [{"attachment": {"data": "aGk="}}],
            },
        ),
        ("bdl-1", bundle("collection", total=1)),
        ("bdl-2", bundle("collection", {"resource": PATIENT, "search": {"mode": "match"}})),
        ("bdl-3", bundle("transaction", {"resource": PATIENT})),
        ("bdl-3", bundle("collection", {"resource": PATIENT, "request": PUT})),
        ("bdl-4", bundle("batch-response", {"resource": PATIENT})),
        ("bdl-5", bundle("collection", {"fullUrl": "urn:x:y"})),
        ("bdl-7", bundle("collection", {"fullUrl": "urn:x:y", "resource": PATIENT},
                         {"fullUrl": "urn:x:y", "resource": PATIENT})),
        ("bdl-8", bundle("collection", {"fullUrl": "http://x/Patient/p/_history/1",
                                        "resource": PATIENT})),
        ("bdl-12", bundle("message", {"resource": PATIENT})),
    ],
)  # fmt: skip
def test_invariants_hold(key: str, resource: Resource) -> None:
    assert {issue.message.split(":")[0] for issue in check(resource)} == {key}


def test_require_valid_raises_with_every_issue() -> None:
    require_valid(OBSERVATION)
    with pytest.raises(InvalidResource) as caught:
        require_valid(OBSERVATION | {"status": "x", "foo": 1})
    assert {i.location for i in caught.value.issues} == {"Observation.status", "Observation.foo"}


def test_issues_can_be_told_of_a_place_in_a_bundle() -> None:
    issues = check(PATIENT | {"gender": "f"}, "Bundle.entry[2].resource")
    assert [issue.location for issue in issues] == ["Bundle.entry[2].resource.gender"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.just("SECRET"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["text", "coding", "code", "reference", "resourceType", "value", "id"])
            | st.just("SECRET key"),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)
ELEMENTS = st.sampled_from(
    ["status", "code", "subject", "contained", "component", "text", "extension", "valueQuantity",
     "effectivePeriod", "meta", "note", "_status", "SECRET element"]
)  # fmt: skip


@given(st.dictionaries(ELEMENTS, JSON, max_size=4))
def test_whatever_is_sent_the_check_neither_fails_nor_repeats_it(strange: Resource) -> None:
    issues = check(OBSERVATION | strange)
    assert "SECRET" not in json.dumps(issues)
