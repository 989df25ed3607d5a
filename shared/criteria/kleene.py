"""Three-valued logic after Kleene: True, False and None for unknown."""

from __future__ import annotations

from collections.abc import Sequence

Kleene = bool | None


def negation(value: Kleene) -> Kleene:
    return None if value is None else not value


def conjunction(values: Sequence[Kleene]) -> Kleene:
    """False if one is false, else unknown if one is unknown; of nothing: True."""
    return at_least(len(values), values)


def disjunction(values: Sequence[Kleene]) -> Kleene:
    """True if one is true, else unknown if one is unknown; of nothing: False."""
    return at_least(1, values)


def at_least(count: int, values: Sequence[Kleene]) -> Kleene:
    """True if `count` are true whatever the unknown ones are, False if they cannot become so."""
    true = sum(value is True for value in values)
    unknown = sum(value is None for value in values)
    if true >= count:
        return True
    return None if true + unknown >= count else False


def unless(holds: Kleene, barred: Kleene) -> Kleene:
    """`holds`, but False where `barred` is shown. Not Kleene's: an unknown bar bars nothing, so
    that a fact in the note counts although the note does not go on to deny every exception."""
    return False if barred is True else holds
