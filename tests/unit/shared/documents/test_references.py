"""Only an id on the configured FHIR server gets through."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.documents.references import is_id, local_id, local_reference

BASE = "http://fhir.example:8010/fhir"


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        ("Binary/b1", ("Binary", "b1", None)),
        ("Binary/b1/_history/3", ("Binary", "b1", "3")),
        (f"{BASE}/Binary/b1", ("Binary", "b1", None)),
        (f"{BASE}/Binary/b1/_history/3", ("Binary", "b1", "3")),
    ],
)
def test_relative_and_absolute_references_to_the_server_are_read(reference, found):
    assert local_reference(reference, BASE) == found
    assert local_reference(reference, BASE + "/") == found


@pytest.mark.parametrize(
    "url",
    [
        "http://evil.example/fhir/Binary/b1",
        "https://fhir.example:8010/fhir/Binary/b1",
        "http://fhir.example:8010.evil.example/fhir/Binary/b1",
        "http://fhir.example:8010@evil.example/fhir/Binary/b1",
        "http://user:secret@fhir.example:8010/fhir/Binary/b1",
        "http://fhir.example:80/fhir/Binary/b1",
        "http://[::1]:8010/fhir/Binary/b1",
        "http://[::ffff:127.0.0.1]/fhir/Binary/b1",
        "http://127.0.0.1/fhir/Binary/b1",
        "http://2130706433/fhir/Binary/b1",
        "//evil.example/Binary/b1",
        "file:///etc/passwd",
        "file:Binary/b1",
        "ftp://fhir.example/Binary/b1",
        "data:text/plain;base64,QQ==",
        "http://169.254.169.254/latest/meta-data",
        "Binary/..",
        "Binary/.",
        "Binary/../../admin",
        f"{BASE}/../admin/Binary/b1",
        f"{BASE}/Binary/..",
        f"{BASE}/Binary/%2e%2e",
        f"{BASE}/Binary/b1?redirect=http://evil.example",
        f"{BASE}/Binary/b1#x",
        f"{BASE}/{BASE}/Binary/b1",
        f"{BASE}//Binary/b1",
        f"{BASE}Binary/b1",
        "/Binary/b1",
        "Binary\\b1",
        "Binary/b1\n",
        " Binary/b1",
        "Binary/b1/_history/..",
        "Binary/b1/$everything",
        "",
    ],
)
def test_everything_else_is_refused(url):
    assert local_reference(url, BASE) is None


def test_a_reference_to_another_type_is_not_taken_for_the_one_wanted():
    assert local_id("Group/g1", "Patient", BASE) is None
    assert local_id("Patient/p1", "Patient", BASE) == "p1"


_HOSTILE = st.text(st.sampled_from("Binaryhtp:/.@[]\\%2e#?b1_history\n\0é"), max_size=60)


@given(st.one_of(_HOSTILE, _HOSTILE.map(lambda tail: BASE + tail), st.text()))
def test_what_gets_through_is_a_type_and_ids_of_harmless_characters(url):
    found = local_reference(url, BASE)
    if found is not None:
        kind, id, version = found
        assert re.fullmatch("[A-Za-z]+", kind)
        for part in (id, version or "1"):
            assert re.fullmatch(r"[A-Za-z0-9.-]{1,64}", part)
            assert part.strip(".")


@given(st.from_regex(r"[A-Za-z0-9\-]{1,64}", fullmatch=True))
def test_every_id_of_fhir_is_an_id(id):
    assert is_id(id)
    assert local_id(f"{BASE}/Binary/{id}", "Binary", BASE) == id
