"""Whether a resource is a DocumentReference that can be read."""

from __future__ import annotations

from typing import Any

from shared.documents.problem import invalid
from shared.fhir.rules import check


def check_structure(resource: Any, *, strict: bool) -> None:
    """Raises Problem (422) for what is no DocumentReference.

    strict: by all rules of FHIR R4, as it is to be stored; else only what reading relies on, for
    the hospital's server may be more liberal than the rules.
    """
    if not isinstance(resource, dict) or resource.get("resourceType") != "DocumentReference":
        raise invalid(
            "The resource is not a DocumentReference.",
            "Send notes as DocumentReference; other resources belong on the FHIR server itself.",
        )
    issues = [
        issue
        for issue in check(_without_data(resource))
        if issue.severity == "error" and (strict or issue.code == "structure")
    ]
    if issues:
        more = f" (and {len(issues) - 5} more)" if len(issues) > 5 else ""
        raise invalid(
            f"The DocumentReference is not valid FHIR R4: {'; '.join(map(str, issues[:5]))}{more}.",
            "Correct these elements and send it again.",
            issues[0].location,
        )


def _without_data(resource: dict[str, Any]) -> dict[str, Any]:
    """The resource with a token in place of each attachment's data, which is decoded and checked
    on its own, with better errors and in less time."""
    contents = resource.get("content")
    if not isinstance(contents, list):
        return resource
    return {**resource, "content": [_token_for_data(content) for content in contents]}


def _token_for_data(content: Any) -> Any:
    match content:
        case {"attachment": {"data": str(), **attachment}, **rest}:
            return {**rest, "attachment": {**attachment, "data": "AA=="}}
    return content
