"""Tokens that an engine has used, and what they cost."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from training.evaluate.fault import EvaluationError

PER = 1_000_000
"""Tokens that a price is for."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens read and written."""

    prompt_tokens: int = 0
    completion_tokens: int = 0

    def since(self, before: Usage | None) -> Usage:
        """What was used after `before`."""
        before = before or Usage()
        return Usage(
            self.prompt_tokens - before.prompt_tokens,
            self.completion_tokens - before.completion_tokens,
        )


@runtime_checkable
class ReportsUsage(Protocol):
    """An engine that counts. usage: of all its calls so far."""

    @property
    def usage(self) -> Usage: ...


def usage_of(engine: object) -> Usage | None:
    return engine.usage if isinstance(engine, ReportsUsage) else None


class PriceError(EvaluationError):
    """A price that cannot be read."""


@dataclass(frozen=True, slots=True)
class Price:
    """Of a million tokens read and written, in the currency of whoever states it."""

    prompt: float
    completion: float

    def of(self, usage: Usage) -> float:
        return (self.prompt * usage.prompt_tokens + self.completion * usage.completion_tokens) / PER


def read_price(text: str) -> tuple[str, Price]:
    """`NAME=PROMPT/COMPLETION`, such as `encoder=0.10/0.40`. Raises PriceError."""
    name, _, prices = text.rpartition("=")
    try:
        prompt, completion = (float(part) for part in prices.split("/"))
    except ValueError:
        prompt = completion = math.nan
    if not name or not (0 <= prompt < math.inf and 0 <= completion < math.inf):
        raise PriceError(
            f"no price: {text!r}; it looks like NAME=0.10/0.40, for a million tokens read and "
            "a million written"
        )
    return name, Price(prompt, completion)
