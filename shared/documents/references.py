"""FHIR references and URLs, cut down to an id on the configured FHIR server.

Neither this nor what reads notes by it fetches a URL that somebody sent: a URL either has the exact
form `Type/id` (relative, or below the FHIR server's base) or is refused, and then only its type
and id are used. Host names, user names, ports, schemes, `..` and escapes never get anywhere.
"""

from __future__ import annotations

import re

_ID = r"[A-Za-z0-9\-.]{1,64}"
_REFERENCE = re.compile(
    rf"(?P<kind>[A-Z][A-Za-z]{{1,63}})/(?P<id>{_ID})(/_history/(?P<version>{_ID}))?"
)
_WHOLE_ID = re.compile(_ID)


def is_id(text: str) -> bool:
    """Whether `text` is a FHIR id; ids of dots alone could climb out of a path, so they are not."""
    return _WHOLE_ID.fullmatch(text) is not None and text.strip(".") != ""


def local_reference(reference: str, base: str) -> tuple[str, str, str | None] | None:
    """(type, id, version) of a reference to the FHIR server at `base`, None for any other."""
    prefix = base.rstrip("/") + "/"
    found = _REFERENCE.fullmatch(reference.removeprefix(prefix))
    if found is None or not is_id(found["id"]) or not is_id(found["version"] or "1"):
        return None
    return found["kind"], found["id"], found["version"]


def local_id(reference: str, kind: str, base: str) -> str | None:
    """The id, if `reference` is to a resource of type `kind` on the FHIR server at `base`."""
    found = local_reference(reference, base)
    return found[1] if found is not None and found[0] == kind else None
