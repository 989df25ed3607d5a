"""Notes as a hospital sends them, and a ledger to enter them into."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from services.ingest.tables import TABLES
from shared.database import create_tables, open_engine

BASE = "http://fhir.example/fhir"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = open_engine(f"sqlite:///{tmp_path / 'ingest.db'}")
    create_tables(opened, TABLES)
    yield opened
    opened.dispose()


@pytest.fixture
def base() -> str:
    return BASE


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 10, 31, 8, tzinfo=UTC)


@pytest.fixture
def note_resource() -> Callable[..., dict[str, Any]]:
    """A valid DocumentReference; keywords replace elements, None removes them."""

    def make(text: str | bytes = "No chest pain.", **elements: Any) -> dict[str, Any]:
        data = base64.b64encode(text.encode() if isinstance(text, str) else text).decode()
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
