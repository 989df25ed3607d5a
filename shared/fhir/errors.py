"""What a FHIR server says when it says no, in words without patient text.

Of an OperationOutcome only codes and element paths are kept. `diagnostics` and `details.text`
are free text in which servers quote the value they reject, so they are left out, always.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

_SAFE_WORD = re.compile(r"[A-Za-z0-9_.:\[\]()-]{1,120}")
_LATER = frozenset({401, 408, 425, 429})
_MEANINGS = {
    401: "the token is missing or expired: check CHARTSIFT_FHIR_TOKEN",
    403: "the token does not allow this: check what its client may do",
}


class FhirError(Exception):
    """A FHIR server said no. status: HTTP status, 0 where there was no answer; the message is
    the OperationOutcome in words (codes and element paths only)."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class FhirNotFound(FhirError):
    """404 or 410."""


class FhirConflict(FhirError):
    """409 or 412: somebody else changed it; read again and decide."""


class FhirInvalid(FhirError):
    """400 or 422: the server rejects the resource; sending it again does not help."""


class FhirUnavailable(FhirError):
    """No connection, time-out, 401 (a token that has run out), 408, 425, 429, 5xx except 501:
    later. retry_after: seconds, where the server said."""

    def __init__(self, message: str, status: int = 0, retry_after: float | None = None) -> None:
        super().__init__(message, status)
        self.retry_after = retry_after


def error_of(
    status: int, action: str, body: Any, headers: Mapping[str, str] | None = None
) -> FhirError:
    """The error for an HTTP status of 300 and above. action: such as `PUT Observation/1`;
    body: the decoded JSON, if any."""
    words = [f"{action}: HTTP {status}", *outcome_in_words(body)]
    if status in _MEANINGS:
        words.append(_MEANINGS[status])
    message = "; ".join(words)
    if status in (404, 410):
        return FhirNotFound(message, status)
    if status in (409, 412):
        return FhirConflict(message, status)
    if status in (400, 422):
        return FhirInvalid(message, status)
    if status in _LATER or (status >= 500 and status != 501):
        return FhirUnavailable(message, status, retry_after((headers or {}).get("retry-after")))
    return FhirError(message, status)


def outcome_in_words(body: Any) -> list[str]:
    """One phrase for each error of an OperationOutcome: `required at Observation.status`."""
    if not isinstance(body, dict) or body.get("resourceType") != "OperationOutcome":
        return []
    issues = [issue for issue in _list(body.get("issue")) if isinstance(issue, dict)]
    grave = [issue for issue in issues if issue.get("severity") in ("error", "fatal")]
    return [_issue_in_words(issue) for issue in (grave or issues)[:5]]


def retry_after(value: str | None) -> float | None:
    """Seconds to wait by a Retry-After header (seconds or an HTTP date); None if unreadable."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    return max(0.0, (at - datetime.now(UTC)).total_seconds())


def _issue_in_words(issue: Mapping[str, Any]) -> str:
    details = issue.get("details")
    codings = _list(details.get("coding")) if isinstance(details, dict) else []
    codes = [issue.get("code"), *(c.get("code") for c in codings if isinstance(c, dict))]
    places = _list(issue.get("expression")) or _list(issue.get("location"))
    what = " ".join(_safe(codes)) or "unknown issue"
    where = ", ".join(_safe(places))
    return f"{what} at {where}" if where else what


def _safe(words: list[Any]) -> list[str]:
    return [word for word in words if isinstance(word, str) and _SAFE_WORD.fullmatch(word)]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
