"""The invariants of FHIR R4, by data type, resource or backbone element, as a table.

Predicates see elements whose structure is already right.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from shared.fhir import narrative
from shared.fhir.dates import Span, date_span

Element = dict[str, Any]


class Rule(NamedTuple):
    """holds: false where the rule is broken. at: the element to blame, below the node."""

    key: str
    message: str
    holds: Callable[[Element], bool]
    at: str = ""


def _extension_has_one_content(extension: Element) -> bool:
    values = {name.removeprefix("_") for name in extension if re.match("_?value[A-Z]", name)}
    return ("extension" in extension) != bool(values)


def _in_order(period: Element) -> bool:
    start, end = (_span(period.get(name)) for name in ("start", "end"))
    return start is None or end is None or start.low < end.high


def _span(value: Any) -> Span | None:
    try:
        return date_span(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _low_first(range_: Element) -> bool:
    low, high = (range_.get(name, {}) for name in ("low", "high"))
    same_unit = low.get("code", low.get("unit")) == high.get("code", high.get("unit"))
    return not ("value" in low and "value" in high and same_unit) or low["value"] <= high["value"]


def _codes_of(concept: Element | None, system: str = "") -> set[tuple[Any, Any]]:
    return {
        (coding.get("system"), coding.get("code"))
        for coding in (concept or {}).get("coding", ())
        if "code" in coding and (not system or coding.get("system") == system)
    }


def _status(concept: Element | None) -> set[Any]:
    return {code for _, code in _codes_of(concept)}


def _has_value(element: Element) -> bool:
    return any(re.match("_?value[A-Z]", name) for name in element)


def _has(*names: str) -> Callable[[Element], bool]:
    return lambda element: any(name in element for name in names)


def _together(name: str, needs: str) -> Callable[[Element], bool]:
    return lambda element: name not in element or needs in element


def _no_value_in_component_of_same_code(observation: Element) -> bool:
    codes = _codes_of(observation["code"])
    same = any(codes & _codes_of(c["code"]) for c in observation.get("component", ()))
    return not (same and _has_value(observation))


def _for(scope: str) -> Callable[[Element], bool]:
    """A Consent of that scope names its patient."""
    return lambda consent: "patient" in consent or scope not in _status(consent["scope"])


def _concepts(system: Element) -> Iterator[Element]:
    for concept in system.get("concept", ()):
        yield concept
        yield from _concepts(concept)


def _distinct(values: list[Any]) -> bool:
    return len(values) == len(set(values))


_QUANTITY = (Rule("qty-3", "a coded unit needs its system", _together("code", "system"), "code"),)

RULES: Final[dict[str, tuple[Rule, ...]]] = {
    "Extension": (Rule("ext-1", "has either extensions or a value", _extension_has_one_content),),
    "Quantity": _QUANTITY,
    "Age": _QUANTITY,
    "Duration": _QUANTITY,
    "Count": _QUANTITY,
    "Distance": _QUANTITY,
    "Range": (Rule("rng-2", "low is not above high", _low_first),),
    "Ratio": (
        Rule(
            "rat-1",
            "numerator and denominator are given together, or an extension instead",
            lambda r: (
                ("numerator" in r) == ("denominator" in r)
                and ("numerator" in r or "extension" in r)
            ),
        ),
    ),
    "Period": (Rule("per-1", "start is not after end", _in_order),),
    "Attachment": (
        Rule("att-1", "data needs a contentType", _together("data", "contentType"), "contentType"),
    ),
    "ContactPoint": (
        Rule("cpt-2", "a value needs a system", _together("value", "system"), "system"),
    ),
    "Narrative": (
        Rule(
            "txt-1",
            "is one div of basic HTML, without scripts",
            lambda n: narrative.is_basic(n.get("div", "")),
            "div",
        ),
        Rule("txt-2", "has content", lambda n: narrative.has_content(n.get("div", "")), "div"),
    ),
    "Timing.repeat": (
        Rule("tim-1", "duration needs durationUnit", _together("duration", "durationUnit")),
        Rule("tim-2", "period needs periodUnit", _together("period", "periodUnit")),
        Rule("tim-4", "duration is not negative", lambda t: t.get("duration", 0) >= 0),
        Rule("tim-5", "period is not negative", lambda t: t.get("period", 0) >= 0),
        Rule("tim-6", "periodMax needs period", _together("periodMax", "period")),
        Rule("tim-7", "durationMax needs duration", _together("durationMax", "duration")),
        Rule("tim-8", "countMax needs count", _together("countMax", "count")),
        Rule(
            "tim-9",
            "offset needs when, other than a meal itself",
            lambda t: (
                "offset" not in t or ("when" in t and not {"C", "CM", "CD", "CV"} & set(t["when"]))
            ),
        ),
        Rule(
            "tim-10",
            "timeOfDay and when exclude each other",
            lambda t: not ("timeOfDay" in t and "when" in t),
        ),
    ),
    "Observation": (
        Rule(
            "obs-6",
            "dataAbsentReason only where there is no value",
            lambda o: not ("dataAbsentReason" in o and _has_value(o)),
            "dataAbsentReason",
        ),
        Rule(
            "obs-7",
            "no value beside a component of the same code",
            _no_value_in_component_of_same_code,
            "component",
        ),
    ),
    "Observation.referenceRange": (
        Rule("obs-3", "needs low, high or text", _has("low", "high", "text")),
    ),
    "Group": (
        Rule(
            "grp-1",
            "has members only if it is actual",
            lambda g: "member" not in g or g["actual"] is True,
            "member",
        ),
    ),
    "List": (
        Rule(
            "lst-1",
            "emptyReason only if there is no entry",
            lambda n: not ("emptyReason" in n and "entry" in n),
            "emptyReason",
        ),
        Rule(
            "lst-2",
            "entry.deleted only if mode is changes",
            lambda n: (
                n.get("mode") == "changes"
                or not any("deleted" in entry for entry in n.get("entry", ()))
            ),
            "entry",
        ),
        Rule(
            "lst-3",
            "entry.date only if mode is working",
            lambda n: (
                n.get("mode") == "working"
                or not any("date" in entry for entry in n.get("entry", ()))
            ),
            "entry",
        ),
    ),
    "Patient.contact": (
        Rule("pat-1", "needs details", _has("name", "telecom", "address", "organization")),
    ),
    "Organization": (
        Rule("org-1", "needs an identifier or a name", _has("identifier", "name")),
        Rule(
            "org-2",
            "an address is never of use home",
            lambda o: all(a.get("use") != "home" for a in o.get("address", ())),
            "address",
        ),
        Rule(
            "org-3",
            "a telecom is never of use home",
            lambda o: all(t.get("use") != "home" for t in o.get("telecom", ())),
            "telecom",
        ),
    ),
    "Condition": (
        Rule(
            "con-4",
            "abated only if inactive, in remission or resolved",
            lambda c: (
                not any(re.match("_?abatement[A-Z]", name) for name in c)
                or bool({"inactive", "remission", "resolved"} & _status(c.get("clinicalStatus")))
            ),
            "clinicalStatus",
        ),
        Rule(
            "con-5",
            "no clinicalStatus if entered in error",
            lambda c: (
                not (
                    "clinicalStatus" in c
                    and "entered-in-error" in _status(c.get("verificationStatus"))
                )
            ),
            "clinicalStatus",
        ),
    ),
    "Condition.stage": (
        Rule("con-1", "needs summary or assessment", _has("summary", "assessment")),
    ),
    "Condition.evidence": (Rule("con-2", "needs code or detail", _has("code", "detail")),),
    "AllergyIntolerance": (
        Rule(
            "ait-1",
            "needs a clinicalStatus unless entered in error",
            lambda a: (
                "clinicalStatus" in a or "entered-in-error" in _status(a.get("verificationStatus"))
            ),
            "clinicalStatus",
        ),
        Rule(
            "ait-2",
            "no clinicalStatus if entered in error",
            lambda a: (
                not (
                    "clinicalStatus" in a
                    and "entered-in-error" in _status(a.get("verificationStatus"))
                )
            ),
            "clinicalStatus",
        ),
    ),
    "AuditEvent.entity": (
        Rule("sev-1", "not both name and query", lambda e: not ("name" in e and "query" in e)),
    ),
    "CodeSystem": (
        Rule(
            "csd-1",
            "each code is defined once",
            lambda s: _distinct([c["code"] for c in _concepts(s)]),
            "concept",
        ),
    ),
    "Composition.section": (
        Rule("cmp-1", "needs text, entries or sections", _has("text", "entry", "section")),
        Rule(
            "cmp-2",
            "emptyReason only if there is no entry",
            lambda s: not ("emptyReason" in s and "entry" in s),
        ),
    ),
    "Consent": (
        Rule("ppc-1", "needs policy or policyRule", _has("policy", "policyRule")),
        Rule("ppc-2", "scope patient-privacy needs a patient", _for("patient-privacy"), "patient"),
        Rule("ppc-3", "scope research needs a patient", _for("research"), "patient"),
        Rule("ppc-4", "scope adr needs a patient", _for("adr"), "patient"),
        Rule("ppc-5", "scope treatment needs a patient", _for("treatment"), "patient"),
    ),
    "ServiceRequest": (
        Rule("prr-1", "orderDetail needs code", _together("orderDetail", "code"), "orderDetail"),
    ),
}
