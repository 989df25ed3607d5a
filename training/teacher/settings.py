"""How the teacher is asked. The defaults are the published setting of the method: Woo et al.,
"Synthetic data distillation enables the extraction of clinical information at scale"
(medRxiv 2024.09.27.24314517)."""

from __future__ import annotations

import os

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from training.dataset.records import ItemType

KEY_VARIABLE = "CHARTSIFT_TEACHER_KEY"


class ItemCounts(BaseModel):
    """Items asked for of each note. A kind of which none is wanted is not asked for at all."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    yes: int = Field(5, ge=0, le=50)
    no: int = Field(5, ge=0, le=50)
    numeric: int = Field(10, ge=0, le=50)
    na_boolean: int = Field(5, ge=0, le=50)
    na_numeric: int = Field(5, ge=0, le=50)

    def of(self, kind: ItemType) -> int:
        match kind:
            case ItemType.BOOLEAN:
                return self.yes + self.no
            case ItemType.NUMERIC:
                return self.numeric
            case ItemType.NA_BOOLEAN:
                return self.na_boolean
            case ItemType.NA_NUMERIC:
                return self.na_numeric

    def kinds(self) -> tuple[ItemType, ...]:
        return tuple(kind for kind in ItemType if self.of(kind))


class Sampling(BaseModel):
    """max_tokens: of one reply; the teacher's context must hold the note beside them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    temperature: float = Field(0.7, ge=0, le=2)
    top_p: float = Field(0.95, gt=0, le=1)
    max_tokens: int = Field(4096, ge=64)


class Prices(BaseModel):
    """Per million tokens, in whatever currency the report is meant to be in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prompt: float = Field(ge=0)
    completion: float = Field(ge=0)


def _key_from_environment() -> SecretStr | None:
    key = os.environ.get(KEY_VARIABLE, "")
    return SecretStr(key) if key else None


class TeacherSettings(BaseModel):
    """The part of run.yaml that is about the teacher.

    base_url: of an OpenAI-compatible server, with its /v1.
    api_key: from CHARTSIFT_TEACHER_KEY unless given; never written or printed.
    seed: of the first attempt on each request, one more for each further attempt; None: none sent.
    structured: whether replies are constrained by a JSON Schema; None: found out once.
    concurrency: requests at the same time.
    attempts: on one note and kind, before it is given up.
    timeout_seconds: of one request. first_pause_seconds: before the second attempt, doubled up to
        longest_pause_seconds; a Retry-After of the server counts instead, up to an hour.
    failures_in_a_row: after so many requests given up without a reply in between, the run ends.
    allow_hosts: hosts beyond this machine and private networks that notes may be sent to.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    base_url: str = "http://127.0.0.1:8000/v1"
    model: str = Field("meta-llama/Llama-3.1-70B-Instruct", min_length=1)
    api_key: SecretStr | None = Field(default_factory=_key_from_environment, exclude=True)
    sampling: Sampling = Sampling()
    seed: int | None = Field(0, ge=0, lt=2**31)
    items: ItemCounts = ItemCounts()
    prompt_version: str = "1"
    structured: bool | None = None
    concurrency: int = Field(16, ge=1, le=1024)
    attempts: int = Field(5, ge=1)
    timeout_seconds: float = Field(600.0, gt=0)
    first_pause_seconds: float = Field(1.0, ge=0)
    longest_pause_seconds: float = Field(60.0, ge=0)
    failures_in_a_row: int = Field(20, ge=1)
    prices: Prices | None = None
    allow_hosts: tuple[str, ...] = ()
    send_phi_to_any_host: bool = False
