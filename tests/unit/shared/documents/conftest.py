"""Notes as a hospital sends them."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def base() -> str:
    return "http://fhir.example/fhir"


@pytest.fixture
def note_resource() -> Callable[..., dict[str, Any]]:
    """A valid DocumentReference; keywords replace elements, None removes them."""

    def make(text: str = "No chest pain.", **elements: Any) -> dict[str, Any]:
        data = base64.b64encode(text.encode()).decode()
        resource: dict[str, Any] = {
            "resourceType": "DocumentReference",
            "id": "note-1",
            "status": "current",
            "subject": {"reference": "Patient/p1"},
            "date": "2026-10-30T10:00:00Z",
            "content": [{"attachment": {"contentType": "text/plain", "data": data}}],
            **elements,
        }
        return {name: value for name, value in resource.items() if value is not None}

    return make
