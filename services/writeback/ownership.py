"""Whose a resource is: the machine overwrites only what it wrote itself, as it wrote it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from services.writeback.tables import ResourceRow
from shared.fhir import systems
from shared.fhir.client import Resource


def fingerprint(resource: Resource) -> str:
    """Of the content, the same for what is sent and what a server gives back."""
    added = {"meta", "text"}  # what servers add or merge
    content = {key: value for key, value in resource.items() if key not in added}
    if _is_summary(resource):
        # A summary counts as of a date; that alone is no reason to write it again.
        content.pop("effectiveDateTime", None)
    text = json.dumps(_plain(content), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def reference(resource: Resource) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


def version(resource: Resource) -> str | None:
    found = resource.get("meta", {}).get("versionId")
    return None if found is None else str(found)


def reconcile(row: ResourceRow, current: Resource | None) -> bool:
    """Brings `row` up to what stands on the server now. True if it turned out to be a person's
    and was not known as such, or not in this version.

    current: None where there is none (any more). A resource that writeback has no memory of is
    its own while it is a preliminary Observation: persons confirm or correct, which makes it
    `final` or `corrected`. A summary is the machine's whoever touched it.
    """
    if current is None:
        row.written = row.version = row.person_version = row.person_status = None
        return False
    content, now = fingerprint(current), version(current)
    if row.person_version is None or content == row.intended:
        ours = content in (row.intended, row.written) or (row.version == now and now is not None)
        forgotten = row.intended is None and current.get("status") == "preliminary"
        if ours or forgotten or _is_summary(current):
            row.written, row.version = content, now
            return False
    known = row.person_version == now
    row.person_version = row.version = now
    row.written, row.person_status = content, current.get("status")
    return not known


def _is_summary(resource: Resource) -> bool:
    codings = resource.get("code", {}).get("coding", [])
    return any(coding.get("system") == systems.SUMMARIES for coding in codings)


def _plain(value: Any) -> Any:
    """5 and 5.0 are the same number, whoever wrote it."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
