from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared.fhir.rules import check

GOLDEN = Path(__file__).parents[3] / "golden"

Approved = Callable[[str, dict[str, Any]], None]


@pytest.fixture
def approved() -> Approved:
    """The resource is valid R4 and as approved; CHARTSIFT_APPROVE=1 approves what is there."""

    def compare(name: str, resource: dict[str, Any]) -> None:
        assert check(resource) == []
        file = GOLDEN / f"{name}.fhir.json"
        if os.environ.get("CHARTSIFT_APPROVE"):
            file.write_text(json.dumps(resource, indent=2, ensure_ascii=False) + "\n")
        assert resource == json.loads(file.read_text()), f"{file.name}: see tests/golden/README.md"

    return compare
