"""What a run of the service is made of: retrain.yaml, a run.yaml below it, and what a caller
may change.

    base: run.yaml                # see training.distill.config; its folder is set for each run
    corrections: all              # of which studies: all, study (the run's own), none
    evaluation_share: 0.1         # of the patients, where base does not say
    least_evaluation_items: 20    # fewer corrections than that judge no student
    configs:                      # by name: parts of base set anew
      small: {student: {preset: smollm2-135m}}
    nightly:                      # study -> configuration; when: CHARTSIFT_RETRAIN_SCHEDULE
      apixaban-af: default
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from training.distill.config import RunConfig, RunConfigError, read_config
from training.finetune.presets import PRESETS, RecipeError, find_preset, override

DEFAULT = "default"
"""The configuration that is `base` as it stands, unless `configs` has one of this name."""

# What a caller of the API may set anew. Not: where notes come from and go to, paths, addresses,
# the gate's rules. `promote` can be turned off alone.
OPEN_TO_CALLERS: Mapping[str, frozenset[str]] = {
    "notes": frozenset({"keep"}),
    "cleaning": frozenset(),
    "student": frozenset({"preset", "recipe"}),
    "check_consistency": frozenset(),
    "promote": frozenset(),
}


class RetrainConfigError(ValueError):
    """A retrain.yaml, or what a caller wants changed, that cannot be used."""


class NotConfigured(Exception):
    """There is no retrain.yaml."""


class UnknownConfig(LookupError):
    """There is no configuration of this name."""


class CorrectionsOf(StrEnum):
    """ALL: one student answers the questions of all studies, so it learns from all corrections."""

    ALL = "all"
    STUDY = "study"
    NONE = "none"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CorrectionSettings(_Frozen):
    corrections: CorrectionsOf = CorrectionsOf.ALL
    evaluation_share: float = Field(0.1, gt=0, lt=1)
    least_evaluation_items: int = Field(20, ge=1)


class RetrainConfig(CorrectionSettings):
    """execute: `module:function` that carries a run out; see `training.distill.run.run`."""

    base: Path
    configs: dict[str, dict[str, Any]] = {}
    nightly: dict[str, str] = {}
    execute: str = "training.distill.run:run"


class Plan(_Frozen):
    """What is kept of a run from its start: a later change of the files does not touch it."""

    study: str
    run: RunConfig
    corrections: CorrectionSettings
    execute: str


def read_retrain_config(file: Path | None) -> RetrainConfig:
    """Raises NotConfigured, RetrainConfigError."""
    if file is None:
        raise NotConfigured("no run can be started: set CHARTSIFT_RETRAIN_CONFIG to a retrain.yaml")
    try:
        raw = yaml.safe_load(file.read_text(encoding="utf-8"))
        found = RetrainConfig.model_validate(raw)
    except ValidationError as error:
        raise RetrainConfigError(f"{file}: {_faults(error)}") from None
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise RetrainConfigError(f"{file}: {error}") from None
    for study, name in found.nightly.items():
        if name != DEFAULT and name not in found.configs:
            raise RetrainConfigError(f"{file}: nightly.{study}: there is no configuration {name!r}")
    return found.model_copy(update={"base": file.parent / found.base})


def plan_of(
    config: RetrainConfig,
    study: str,
    folder: Path,
    name: str = DEFAULT,
    overrides: Mapping[str, Any] | None = None,
) -> Plan:
    """folder: of everything the run writes. overrides: of a caller.

    Raises UnknownConfig, RetrainConfigError, RunConfigError (base cannot be used).
    """
    if name != DEFAULT and name not in config.configs:
        known = ", ".join(sorted({DEFAULT, *config.configs}))
        raise UnknownConfig(f"there is no configuration {name!r}; there are: {known}")
    _refuse_closed(overrides or {})
    raw = read_config(config.base).model_dump(mode="json")
    for part in (config.configs.get(name, {}), overrides or {}):
        raw = _merged(raw, part)
    try:
        run = RunConfig.model_validate({**raw, "folder": str(folder)})
    except ValidationError as error:
        raise RetrainConfigError(f"configuration {name}: {_faults(error)}") from None
    _check_student(run)
    settings = CorrectionSettings.model_validate(
        config.model_dump(include=set(CorrectionSettings.model_fields))
    )
    return Plan(study=study, run=run, corrections=settings, execute=config.execute)


def _refuse_closed(overrides: Mapping[str, Any]) -> None:
    for part, value in overrides.items():
        if part not in OPEN_TO_CALLERS:
            raise RetrainConfigError(
                f"{part} cannot be set for one run; these can: {', '.join(OPEN_TO_CALLERS)}"
            )
        if part == "promote" and value is not False:
            raise RetrainConfigError("promote can only be turned off for one run")
        allowed = OPEN_TO_CALLERS[part]
        if allowed and (not isinstance(value, dict) or value.keys() - allowed):
            raise RetrainConfigError(
                f"of {part} only {', '.join(sorted(allowed))} can be set for one run"
            )


def _merged(below: Any, above: Any) -> Any:
    """Mappings part by part; anything else is replaced."""
    if not (isinstance(below, dict) and isinstance(above, Mapping)):
        return above
    merged = dict(below)
    for key, value in above.items():
        merged[key] = _merged(below.get(key), value)
    return merged


def _check_student(run: RunConfig) -> None:
    if run.student.preset not in PRESETS:
        raise RetrainConfigError(
            f"no preset {run.student.preset!r}; there are: {', '.join(PRESETS)}"
        )
    try:
        override(find_preset(run.student.preset).recipe, run.student.recipe)
    except RecipeError as error:
        raise RetrainConfigError(str(error)) from None


def _faults(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(map(str, fault['loc'])) or 'document'}: {fault['msg']}"
        for fault in error.errors(include_input=False, include_url=False)
    )


__all__ = [
    "DEFAULT",
    "CorrectionSettings",
    "CorrectionsOf",
    "NotConfigured",
    "Plan",
    "RetrainConfig",
    "RetrainConfigError",
    "RunConfigError",
    "UnknownConfig",
    "plan_of",
    "read_retrain_config",
]
