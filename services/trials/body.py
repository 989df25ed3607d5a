"""The study in a request's body, as JSON or as YAML."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from fastapi import Request

from shared.criteria.problems import Problem, StudyError
from shared.criteria.study import Study, check_study, parse_study

LARGEST = 1_000_000
"""Bytes of a study."""

_YAML = {"application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml"}


class Refused(Exception):
    """status: HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Sent(NamedTuple):
    """version: the one that the body states, if it does."""

    study: Study
    version: int | None


async def study_in(request: Request) -> Sent:
    """Raises Refused, StudyError."""
    text = await _text(request)
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media in _YAML:
        study = parse_study(text, "body")
        return Sent(study, study.version if "version" in study.model_fields_set else None)
    if media not in ("application/json", ""):
        raise Refused(415, f"{media} is not understood: send application/json or application/yaml")
    study = check_study(_json(text), "body")
    return Sent(study, study.version if "version" in study.model_fields_set else None)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        message = f"not valid JSON: {error.msg}; for YAML set Content-Type: application/yaml"
        raise StudyError("body", [Problem(error.lineno, "", message)]) from None
    except RecursionError:
        raise StudyError("body", [Problem(None, "", "nested too deeply")]) from None


async def _text(request: Request) -> str:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > LARGEST:
            raise Refused(413, f"a study may have {LARGEST} bytes: split it")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused(415, "the body is not UTF-8: send it as UTF-8") from None
