"""run.yaml: everything that decides a run."""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from training.dataset.cleaning import CleaningSettings
from training.finetune.presets import PRESETS
from training.gate import SHIPPED_RULES
from training.notes.records import NoteFilter
from training.notes.source import NoteForm
from training.teacher.settings import TeacherSettings


class RunConfigError(ValueError):
    """A run.yaml that cannot be used; the message names file, field and cause."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NotesPart(_Part):
    """source: a path, or a FHIR server's base URL. form: guessed where it is certain."""

    source: str
    form: NoteForm | None = None
    keep: NoteFilter = NoteFilter()


class StudentPart(_Part):
    """preset: see `chartsift distill presets`. recipe: fields of its recipe set anew. base: folder
    of the base model; None: the preset's own."""

    preset: str = "encoder"
    recipe: dict[str, object] = {}
    base: Path | None = None


class EvaluationPart(_Part):
    """folder: an annotated dataset that both students are judged on; None: the test patients of
    the run's own dataset."""

    folder: Path | None = None


class RunConfig(_Part):
    """folder: of everything the run writes; the same file goes on from what is there.

    dataset: a dataset folder to train from; set, `notes`, `teacher` and `cleaning` have no use.
    corrections: a dataset folder of reviewers' corrections that join the training notes.
    registry: URL or path of the students' registry. promote: False stops before the promotion.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    folder: Path
    notes: NotesPart | None = None
    teacher: TeacherSettings = Field(default_factory=TeacherSettings)
    cleaning: CleaningSettings = CleaningSettings(test=0.1)
    check_consistency: bool = False
    dataset: Path | None = None
    corrections: Path | None = None
    student: StudentPart = StudentPart()
    evaluation: EvaluationPart = EvaluationPart()
    gate: Path = SHIPPED_RULES
    registry: str = "var/registry"
    promote: bool = True


def read_config(file: Path) -> RunConfig:
    """Raises RunConfigError."""
    try:
        config = RunConfig.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc'])) or 'document'}: {fault['msg']}"
            for fault in error.errors(include_input=False, include_url=False)
        )
        raise RunConfigError(f"{file}: {faults}") from None
    except (OSError, yaml.YAMLError) as error:
        raise RunConfigError(f"{file}: {error}") from None
    if (config.notes is None) == (config.dataset is None):
        raise RunConfigError(f"{file}: name either notes to ask a teacher about, or a dataset")
    if config.student.preset not in PRESETS:
        known = ", ".join(PRESETS)
        raise RunConfigError(f"{file}: no preset {config.student.preset!r}; there are: {known}")
    return config
