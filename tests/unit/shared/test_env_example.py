"""`.env.example` documents the settings: all of them, no other, with their defaults."""

import re
from pathlib import Path

from shared.settings import Settings

LINES = (Path(__file__).parents[3] / ".env.example").read_text().splitlines()
VARIABLE = re.compile(r"# CHARTSIFT_(?P<name>[A-Z0-9_]+)=(?P<default>.*)")


def documented() -> dict[str, str]:
    found = [match for line in LINES if (match := VARIABLE.fullmatch(line))]
    return {match["name"].lower(): match["default"] for match in found}


def test_lists_exactly_the_settings() -> None:
    assert list(documented()) == list(Settings.model_fields)


def test_defaults_are_those_of_the_settings() -> None:
    defaults = {
        name: "" if field.default is None else str(field.default)
        for name, field in Settings.model_fields.items()
    }
    assert documented() == defaults


def test_each_setting_is_explained() -> None:
    for line, before in zip(LINES[1:], LINES, strict=False):
        if VARIABLE.fullmatch(line):
            assert before.startswith("# ") and not VARIABLE.fullmatch(before), line
