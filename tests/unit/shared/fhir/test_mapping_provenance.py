"""Device and Provenance."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from shared.fhir.mapping_provenance import device, provenance

Approved = Callable[[str, dict[str, Any]], None]
RECORDED = datetime(2026, 10, 1, 9, tzinfo=UTC)


def test_a_student_is_a_device_with_its_exact_version(approved: Approved) -> None:
    approved("device", device("encoder-0123456789ab"))


def test_provenance_names_the_student_and_the_notes_version(approved: Approved) -> None:
    source = "DocumentReference/note-1/_history/3"
    resource = provenance("note-1/2", ["Observation/o1"], "encoder-0123", source, RECORDED)
    assert resource["entity"][0]["what"]["reference"] == source
    approved("provenance", resource)


def test_the_same_transaction_has_the_same_provenance() -> None:
    first, again, other = (
        provenance(name, ["Observation/o1"], "s", None, RECORDED)["id"] for name in ("a", "a", "b")
    )
    assert first == again != other
