"""Which note a DocumentReference is, so that the same note sent twice is one note."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shared.documents.problem import invalid
from shared.documents.references import is_id
from shared.fhir.ids import document_id_from_identifier


def document_id(resource: Mapping[str, Any]) -> str:
    """The resource's own id, else an id made from its business identifier.

    `identifier` goes before `masterIdentifier`, because the latter is, by R4, specific to one
    version of the document. Of several identifiers the one with use `official` counts, else the
    first with a value. Raises Problem if there is nothing to tell the note by.
    """
    own = resource.get("id")
    if own is not None:
        if not isinstance(own, str) or not is_id(own):
            raise invalid(
                "The DocumentReference's id is not a FHIR id.",
                "Send 1 to 64 letters, digits, '-' or '.', or leave the id out.",
                "DocumentReference.id",
            )
        return own
    found = id_from_identifiers(
        [*_sequence(resource.get("identifier")), resource.get("masterIdentifier")]
    )
    if found is None:
        raise invalid(
            "The DocumentReference has neither an id nor an identifier with a value.",
            "Send DocumentReference.identifier (system and value), the same for each version of "
            "the note, so that a repeated note is recognised.",
            "DocumentReference.identifier",
        )
    return found


def id_from_identifiers(identifiers: Sequence[Any]) -> str | None:
    """The id made from the official, else the first, of `identifiers` that has a value."""
    usable = [one for one in identifiers if isinstance(one, Mapping) and _text(one.get("value"))]
    official = [one for one in usable if one.get("use") == "official"]
    for one in official or usable:
        return document_id_from_identifier(_text(one.get("system")), _text(one.get("value")))
    return None


def _sequence(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""
