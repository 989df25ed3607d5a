"""From which confidence on a student's claim counts; the same for every kind of student."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Thresholds(BaseModel):
    """Calibrated confidence from which a claim is an answer, and from which it is a proposal for
    a person; below `review` it is NA. Chosen on held-out training notes."""

    model_config = ConfigDict(frozen=True)

    answer: float
    review: float
