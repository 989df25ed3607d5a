"""Whether a person has said what an Observation says. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from shared.fhir.client import Resource

PERSONS = "final,amended,corrected"
"""Statuses that an answer has once a person has confirmed or corrected it; the machine's own are
preliminary, and what is entered in error says nothing."""

_KIND = re.compile(r"(?:^|/)([A-Z][A-Za-z]+)/[^/]+(?:/_history/[^/]+)?$")


def is_persons(observation: Resource, provenances: Iterable[Resource]) -> bool:
    """observation: with a status of PERSONS. provenances: those that may be about it.

    What is documented for this very version decides; else a person who is named anywhere: the
    machine writes a person's answer back only as it was (a note that returned after a
    retraction). Without either it is a person's, for ChartSift leaves its own answers
    preliminary, unless a machine's Provenance came with or after this version.
    """
    name = f"Observation/{observation.get('id')}"
    meta = observation.get("meta") or {}
    about = [one for one in provenances if _targets(one, name)]
    this_version = f"{name}/_history/{meta.get('versionId')}"
    if exact := [one for one in about if this_version in _references(one)]:
        return any(map(_names_person, exact))
    if any(map(_names_person, about)):
        return True
    written = _instant(meta.get("lastUpdated"))
    return not any(_stored(one) >= written for one in about)


def _names_person(provenance: Resource) -> bool:
    return any(_is_person(agent.get("who") or {}) for agent in provenance.get("agent") or [])


def _is_person(who: Mapping[str, Any]) -> bool:
    """Also one who is named by words or number alone; a machine is referred to as a Device."""
    if not who:
        return False
    named = _KIND.search(str(who.get("reference") or ""))
    kind = str(who.get("type") or (named[1] if named else ""))
    return kind.rpartition("/")[2] not in ("Device", "Organization")


def _targets(provenance: Resource, name: str) -> bool:
    return any(
        reference == name or reference.startswith(f"{name}/_history/")
        for reference in _references(provenance)
    )


def _references(provenance: Resource) -> list[str]:
    """Relative, whatever server they name."""
    found = []
    for target in provenance.get("target") or []:
        reference = str(target.get("reference") or "")
        found.append(reference[max(0, reference.rfind("Observation/")) :])
    return found


def _stored(provenance: Resource) -> datetime:
    meta = provenance.get("meta") or {}
    return _instant(meta.get("lastUpdated") or provenance.get("recorded"))


def _instant(value: Any) -> datetime:
    try:
        read = datetime.fromisoformat(str(value))
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return read if read.tzinfo else read.replace(tzinfo=UTC)
