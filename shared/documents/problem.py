"""What is wrong with a note or a request: an OperationOutcome that names cause and cure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class Problem(Exception):
    """A note, or a request of one, that is refused.

    status: HTTP status. code: of FHIR's IssueType. cause and cure: two sentences without patient
    text. expression: FHIRPath of the element at fault, where there is one.
    """

    def __init__(
        self, status: int, code: str, cause: str, cure: str, expression: str | None = None
    ) -> None:
        super().__init__(f"{cause} {cure}")
        self.status = status
        self.code = code
        self.cause = cause
        self.cure = cure
        self.expression = expression

    def inside(self, path: str) -> Problem:
        """The same problem seen from a Bundle: `path` is the FHIRPath of the entry's resource."""
        element = (self.expression or "").partition(".")[2]
        expression = f"{path}.{element}" if element else path
        return Problem(self.status, self.code, self.cause, self.cure, expression)


def invalid(cause: str, cure: str, expression: str | None = None) -> Problem:
    """422: understood, but not a note that can be accepted."""
    return Problem(422, "invalid", cause, cure, expression)


def unavailable(cause: str, cure: str) -> Problem:
    """503: nothing was stored; the same request may succeed later."""
    return Problem(503, "transient", cause, cure)


def outcome(problems: Sequence[Problem]) -> dict[str, Any]:
    """The OperationOutcome with one issue for each problem."""
    return {"resourceType": "OperationOutcome", "issue": [_issue(problem) for problem in problems]}


def _issue(problem: Problem) -> dict[str, Any]:
    issue: dict[str, Any] = {
        "severity": "error",
        "code": problem.code,
        "diagnostics": str(problem),
    }
    if problem.expression is not None:
        issue["expression"] = [problem.expression]
    return issue
