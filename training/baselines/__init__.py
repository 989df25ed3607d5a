"""What every student must beat, behind the same interface. Loaded only when opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from shared.students.interface import StudentEngine


class BaselineUnavailableError(RuntimeError):
    """The baseline's packages are not installed; the message says how to install them."""


def open_always_na() -> StudentEngine:
    from training.baselines.always_na import AlwaysNA

    return AlwaysNA()


def open_medspacy_keywords() -> StudentEngine:
    """The question's own words. Raises BaselineUnavailableError without the [evaluate] extra."""
    return _medspacy(synonyms=False)


def open_medspacy_rules() -> StudentEngine:
    """With a table of synonyms written with the shipped studies in mind.

    Raises BaselineUnavailableError without the [evaluate] extra.
    """
    return _medspacy(synonyms=True)


def _medspacy(synonyms: bool) -> StudentEngine:
    try:
        from training.baselines.medspacy_rules import MedspacyRules
    except ModuleNotFoundError as error:
        raise BaselineUnavailableError(
            f"{error.name} is not installed; run: pip install 'chartsift[evaluate]'"
        ) from None
    return MedspacyRules() if synonyms else MedspacyRules(concepts={})


BASELINES: Mapping[str, Callable[[], StudentEngine]] = MappingProxyType(
    {
        "always-na": open_always_na,
        "medspacy-keywords": open_medspacy_keywords,
        "medspacy-rules": open_medspacy_rules,
    }
)
