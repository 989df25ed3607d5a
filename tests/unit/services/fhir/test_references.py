"""Rewriting of links between the entries of a Bundle."""

from __future__ import annotations

from services.fhir.references import (
    conditional_references,
    resolve_conditional,
    rewrite,
    unresolved,
)

URN = "urn:uuid:5f3c2a4e-0000-4000-8000-000000000001"
PLACE = {URN: "Patient/1"}


def test_links_of_every_kind_are_rewritten() -> None:
    sent = {
        "subject": {"reference": URN},
        "content": [{"attachment": {"url": URN}}],
        "extension": [{"url": "u", "valueUri": URN}, {"url": "v", "valueCanonical": URN}],
        "fragment": {"reference": f"{URN}#part"},
    }
    assert rewrite(sent, PLACE) == {
        "subject": {"reference": "Patient/1"},
        "content": [{"attachment": {"url": "Patient/1"}}],
        "extension": [
            {"url": "u", "valueUri": "Patient/1"},
            {"url": "v", "valueCanonical": "Patient/1"},
        ],
        "fragment": {"reference": "Patient/1#part"},
    }


def test_text_and_identifiers_stay_as_they_are() -> None:
    sent = {"identifier": [{"system": URN, "value": URN}], "note": [{"text": URN}], "id": URN}
    assert rewrite(sent, PLACE) == sent


def test_the_original_is_not_changed() -> None:
    sent = {"subject": {"reference": URN}}
    rewrite(sent, PLACE)
    assert sent == {"subject": {"reference": URN}}


def test_placeholders_that_no_entry_has_are_found() -> None:
    assert list(unresolved({"a": [{"b": {"reference": URN}}]})) == [URN]
    assert list(unresolved({"a": {"reference": "Patient/1"}, "url": URN})) == []


def test_conditional_references_are_found_and_replaced() -> None:
    sent = {"subject": {"reference": "Patient?identifier=a|b"}, "url": "Patient?identifier=a|b"}
    assert list(conditional_references(sent)) == ["Patient?identifier=a|b"]
    resolved = resolve_conditional(sent, lambda kind, query: f"{kind}/{query[-1]}")
    assert resolved == {"subject": {"reference": "Patient/b"}, "url": "Patient?identifier=a|b"}
