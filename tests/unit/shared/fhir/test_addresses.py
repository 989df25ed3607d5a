from __future__ import annotations

import pytest

from shared.fhir.addresses import (
    etag_of,
    page_address,
    relative_reference,
    version_in,
    versioned_location,
)

BASE = "https://fhir.example.org/r4"


@pytest.mark.parametrize(
    ("reference", "relative"),
    [
        ("Patient/1", "Patient/1"),
        ("DocumentReference/a-1.b/_history/3", "DocumentReference/a-1.b/_history/3"),
        (f"{BASE}/Binary/9", "Binary/9"),
    ],
)
def test_references_on_this_server_become_relative(reference: str, relative: str) -> None:
    assert relative_reference(reference, BASE + "/") == relative


@pytest.mark.parametrize(
    "reference",
    [
        "https://elsewhere.example.org/r4/Patient/1",
        "https://fhir.example.org/r4evil/Patient/1",
        "#contained",
        "urn:uuid:6f1c9a3c-1111-4222-8333-444455556666",
        "Patient/1/../../admin",
        "Patient/1?x=y",
        "Patient",
        "",
    ],
)
def test_every_other_reference_is_refused(reference: str) -> None:
    with pytest.raises(ValueError, match="its own FHIR server alone"):
        relative_reference(reference, BASE)


@pytest.mark.parametrize(
    ("link", "address"),
    [
        (f"{BASE}/Patient?page=2", f"{BASE}/Patient?page=2"),
        (f"{BASE}?_getpages=7", f"{BASE}?_getpages=7"),
        ("http://internal:8080/r4/Patient?page=2", f"{BASE}/Patient?page=2"),
        ("http://internal:8080/fhir/Patient?page=2", f"{BASE}/Patient?page=2"),
        ("http://internal:8080/fhir?_getpages=7", f"{BASE}?_getpages=7"),
        ("/r4/Patient?page=2", f"{BASE}/Patient?page=2"),
        ("Patient?page=2", f"{BASE}/Patient?page=2"),
    ],
)
def test_page_links_stay_below_the_base(link: str, address: str) -> None:
    assert page_address(link, BASE, "Patient") == address


def test_locations_lose_their_host() -> None:
    assert versioned_location(f"{BASE}/Patient/1/_history/2") == "Patient/1/_history/2"
    assert versioned_location("Patient/1") == "Patient/1"
    assert versioned_location(None) is None
    assert versioned_location("https://fhir.example.org/") is None


def test_etags_hold_version_ids() -> None:
    assert version_in('W/"3"') == version_in('"3"') == "3"
    assert version_in(etag_of("7")) == "7"
    assert version_in(None) is None
    assert version_in("3") is None
