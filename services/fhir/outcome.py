"""Faults of the server and the OperationOutcomes that tell of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from shared.fhir.issue import Issue

Resource = dict[str, Any]


class Fault(Exception):
    """A request that cannot be met. status: HTTP; the issues hold no patient's values."""

    def __init__(
        self, status: int, issues: Sequence[Issue], headers: dict[str, str] | None = None
    ) -> None:
        super().__init__("; ".join(issue.message for issue in issues))
        self.status = status
        self.issues = tuple(issues)
        self.headers = headers or {}

    def below(self, location: str) -> Fault:
        """The same fault of an entry of a Bundle."""
        issues = [
            issue
            if issue.location.startswith("Bundle.")
            else issue._replace(location=f"{location}.{issue.location}".rstrip("."))
            for issue in self.issues
        ]
        return Fault(self.status, issues, self.headers)


def fault(status: int, code: str, message: str, location: str = "", **headers: str) -> Fault:
    """A Fault with one issue. code: of the value set issue-type."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Fault(status, [Issue("error", code, location, message)], named)


def invalid(issues: Iterable[Issue]) -> Fault:
    """422: the resource breaks the rules."""
    return Fault(422, list(issues))


def outcome(issues: Iterable[Issue]) -> Resource:
    """The OperationOutcome of these issues."""
    return {"resourceType": "OperationOutcome", "issue": [_issue(issue) for issue in issues]}


def outcome_text(issues: Iterable[Issue]) -> str:
    return json.dumps(outcome(issues), ensure_ascii=False)


def all_well(message: str) -> Resource:
    """An OperationOutcome that has nothing to complain of."""
    issue = {"severity": "information", "code": "informational", "diagnostics": message}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def _issue(issue: Issue) -> dict[str, Any]:
    told: dict[str, Any] = {
        "severity": issue.severity,
        "code": issue.code,
        "diagnostics": issue.message,
    }
    if issue.location:
        told["expression"] = [issue.location]
    return told
