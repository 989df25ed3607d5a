"""What a teacher folder holds, line by line."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from training.dataset.records import ItemType
from training.teacher.settings import ItemCounts, Prices, Sampling


class Reply(BaseModel):
    """One reply that at least one item can be read from: a line of replies.jsonl.

    finish_reason: as the server says; "length" where the reply was cut off.
    attempts, prompt_tokens, completion_tokens: of all requests made for it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    note_id: str
    kind: ItemType
    text: str
    finish_reason: str
    attempts: int = Field(ge=1)
    prompt_tokens: int = Field(ge=0)
    completion_tokens: int = Field(ge=0)


class Failure(BaseModel):
    """A note and kind given up: a line of failures.jsonl. A later start asks again."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    note_id: str
    kind: ItemType
    reason: str
    attempts: int = Field(ge=1)
    prompt_tokens: int = Field(ge=0)
    completion_tokens: int = Field(ge=0)


class RawItem(BaseModel):
    """An item as the teacher wrote it, read but not judged: `type` is the kind asked for, whether
    or not the answer fits it; the quote may be anywhere or nowhere in the note."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    question: str = Field(min_length=1)
    type: ItemType
    answer: str
    unit: str | None = None
    section: str | None = None
    quote: str = ""
    difficulty: int | None = Field(None, ge=1, le=10)
    explanation: str | None = None


class NoteFailed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    note_id: str
    kind: ItemType
    reason: str
    attempts: int


class Manifest(BaseModel):
    """manifest.json: what was asked, of whom, and what it took, over all starts of the run.

    server: the address last used. structured: whether replies were constrained by a schema.
    prompts: kind -> sha256 of its prompt (`prompt_hash`).
    done: notes with a reply of every kind. failed: what was given up and not yet replied to.
    requests, tokens: of finished (note, kind) pairs; what was in flight at a kill is not counted.
    cost: None without prices. seconds: while runs were at work.
    complete: the last run came to the end of its notes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    model: str
    server: str
    structured: bool | None
    prompt_version: str
    prompts: dict[ItemType, str]
    sampling: Sampling
    seed: int | None
    items: ItemCounts
    started: datetime
    seconds: float
    requests: int
    prompt_tokens: int
    completion_tokens: int
    prices: Prices | None
    cost: float | None
    notes: int
    done: int
    failed: tuple[NoteFailed, ...]
    complete: bool
