"""student.json of an encoder student: what the engine needs beside the weights."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from shared.students.thresholds import Thresholds
from shared.students.version import DESCRIPTION


class EncoderDescription(BaseModel):
    """The engine's part of student.json.

    temperatures: per answer type, divides the verdict's logits (Guo et al. 2017).
    thresholds: per verdict (Yes, No, number).
    passages: how many are read for each question. rank_mix: weights of the two rank scores.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    temperatures: dict[str, float]
    thresholds: dict[str, Thresholds]
    passages: int
    rank_mix: tuple[float, float]


def read_description(folder: Path) -> EncoderDescription:
    text = (folder / DESCRIPTION).read_text(encoding="utf-8")
    return EncoderDescription.model_validate_json(text)
