"""Is this resource valid FHIR R4? The server asks before storing, writers before sending.

Structure comes from the models of fhir.resources (R4B), required bindings from
shared/fhir/bindings.py, invariants from shared/fhir/invariants.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import ValidationError

from shared.fhir import invariants
from shared.fhir.issue import InvalidResource, Issue
from shared.fhir.structure import element_name, is_resource, model_of, walk

__all__ = ["InvalidResource", "Issue", "check", "require_valid"]

_MESSAGES = {
    "missing": "required element is missing",
    "model_field_validation.missing": "required element is missing",
    "extra_forbidden": "unknown element",
    "list_type": "must be an array, without nulls",
    "base64_decode": "not valid base64",
    "string_pattern_mismatch": "does not have the format of its type",
    "value_error": "does not have the format of its type",
    "datetime_from_date_parsing": "not a date of the calendar",
}
_CODES = {"missing": "required", "model_field_validation.missing": "required"}


def check(resource: dict[str, Any], location: str | None = None) -> list[Issue]:
    """Everything that is wrong with `resource`; empty if nothing is. Never raises.

    location: where the resource stands, e.g. `Bundle.entry[2].resource`; its type by default.
    Resources inside (contained, Bundle entries) are checked too. Invariants are looked at only
    once the structure is right.
    """
    kind = resource.get("resourceType")
    if not isinstance(kind, str) or not is_resource(kind):
        return [
            Issue("error", "structure", location or "Resource", "resourceType missing or unknown")
        ]
    location = location or kind
    found = walk(resource, location)
    issues = _merge(found.issues, _structure_issues(kind, resource, location))
    if not issues:
        issues.extend(invariants.broken(found))
    return issues


def require_valid(resource: dict[str, Any]) -> None:
    """Raises InvalidResource with every error of `resource`; warnings pass."""
    errors = [issue for issue in check(resource) if issue.severity == "error"]
    if errors:
        raise InvalidResource(errors)


def _merge(first: Iterable[Issue], second: Iterable[Issue]) -> list[Issue]:
    """The walk says it more exactly than the model where both complain of one element."""
    issues = list(first)
    places = {issue.location for issue in issues}
    issues.extend(issue for issue in second if issue.location not in places)
    return issues


def _structure_issues(kind: str, resource: dict[str, Any], location: str) -> Iterator[Issue]:
    model = model_of(kind)
    assert model is not None, kind
    try:
        model.model_validate(resource)
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_input=False, include_context=False):
            yield _issue(detail["type"], detail["loc"], detail["msg"], location)
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError):
        # The library stumbles over some shapes (a contained resource of no known type).
        yield Issue("error", "structure", location, "a resource inside it cannot be read")


def _issue(type_: str, where: tuple[int | str, ...], text: str, location: str) -> Issue:
    path = location
    for step in where:
        if isinstance(step, int):
            path += f"[{step}]"
        elif step != "root":
            path += f".{element_name(step)}"
    if type_ == "value_error" and "got multiple" in text:
        message = "only one element of a choice [x] may be present"
    elif type_ == "value_error" and text.startswith("Value error, Expect any of"):
        message = "one element of a choice [x] is required"
    else:
        message = _MESSAGES.get(type_, "does not have the shape of its type")
    return Issue("error", _CODES.get(type_, "structure"), path, message)
