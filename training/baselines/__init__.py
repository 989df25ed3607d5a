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


def open_medspacy_rules() -> StudentEngine:
    """Raises BaselineUnavailableError without the [evaluate] extra."""
    try:
        from training.baselines.medspacy_rules import MedspacyRules
    except ModuleNotFoundError as error:
        raise BaselineUnavailableError(
            f"{error.name} is not installed; run: pip install 'chartsift[evaluate]'"
        ) from None
    return MedspacyRules()


BASELINES: Mapping[str, Callable[[], StudentEngine]] = MappingProxyType(
    {"always-na": open_always_na, "medspacy-rules": open_medspacy_rules}
)
