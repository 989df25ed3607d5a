"""What is wrong with a resource, told without any value of the resource."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple


class Issue(NamedTuple):
    """code: of the value set issue-type. location: a FHIRPath-like path, e.g.
    `Observation.component[0].valueQuantity`. message: cause and cure, never a patient's value."""

    severity: Literal["error", "warning"]
    code: str
    location: str
    message: str

    def __str__(self) -> str:
        return f"{self.location}: {self.message}"


class InvalidResource(ValueError):
    """A resource breaks the rules of FHIR R4; `issues` has every break."""

    def __init__(self, issues: Sequence[Issue]) -> None:
        self.issues = tuple(issues)
        super().__init__("; ".join(map(str, self.issues)))
