"""student.json of a decoder student, and the base model that it goes with.

A decoder student is a folder with student.json, the tokenizer and, unless the base model is to
answer as it is, a LoRA adapter (adapter_config.json, adapter_model.safetensors). The base model's
weights lie elsewhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from shared.criteria.question import AnswerType
from shared.students.decoder.prompt import PROMPT_VERSION, instructions
from shared.students.interface import Verdict
from shared.students.thresholds import Thresholds
from shared.students.version import DESCRIPTION, StudentFolderError, engine_named_in

ADAPTER = "adapter_config.json"
CLAIMS = (Verdict.YES, Verdict.NO, Verdict.NUMBER)
_WEIGHTS = ("*.safetensors", "*.bin")


class DecoderDescription(BaseModel):
    """The engines' part of student.json.

    base: name or folder of the base model at training. base_hash: `base_hash` of its folder, None
        where it was a name. prompt: version of the wording. evidence: whether it learned to quote.
    temperatures: per answer type, for `confidence.cooled`. thresholds: per verdict.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    engine: Literal["decoder"]
    base: str = Field(min_length=1)
    base_hash: str | None = None
    prompt: str = PROMPT_VERSION
    evidence: bool = True
    temperatures: Mapping[AnswerType, float] = Field(default_factory=dict)
    thresholds: Mapping[Verdict, Thresholds]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        instructions(self.prompt)
        if missing := [verdict.value for verdict in CLAIMS if verdict not in self.thresholds]:
            raise ValueError(f"no thresholds for {', '.join(missing)}")
        if any(temperature <= 0 for temperature in self.temperatures.values()):
            raise ValueError("a temperature is above 0")
        return self

    def temperature(self, type: AnswerType) -> float:
        return self.temperatures.get(type, 1.0)


def read_description(folder: Path) -> DecoderDescription:
    """Raises StudentFolderError: no student there, not a decoder, or student.json incomplete."""
    file, engine = folder / DESCRIPTION, engine_named_in(folder)
    if engine != "decoder":
        raise StudentFolderError(
            f"{file} is a student of the engine {engine!r}, not of decoder; "
            "set CHARTSIFT_STUDENT to the engine, or CHARTSIFT_STUDENT_DIR to another folder"
        )
    try:
        return DecoderDescription.model_validate_json(file.read_text(encoding="utf-8"))
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc'])) or 'student'}: {fault['msg']}"
            for fault in error.errors()
        )
        raise StudentFolderError(f"{file}: {faults}") from None


def has_adapter(folder: Path) -> bool:
    return (folder / ADAPTER).is_file()


def base_of(student: DecoderDescription, chosen: str) -> str:
    """Folder or name of the base model: the chosen one, or the one named at training.

    Raises StudentFolderError: a folder whose weights are not those that the student was trained
    on.
    """
    base = chosen or student.base
    folder = Path(base)
    if student.base_hash is not None and folder.is_dir():
        found = base_hash(folder)
        if found != student.base_hash:
            raise StudentFolderError(
                f"the weights in {base} are not those of {student.base} that this student was "
                f"trained on (sha256 {found[:12]}, needed {student.base_hash[:12]}); "
                "set CHARTSIFT_STUDENT_BASE to the folder of that model"
            )
    return base


def base_hash(folder: Path) -> str:
    """sha256 (hex) over name and content of the weight files right in `folder`, in the order of
    their names. Raises StudentFolderError: none there."""
    files = sorted(file for pattern in _WEIGHTS for file in folder.glob(pattern))
    if not files:
        raise StudentFolderError(f"{folder} holds no weights of a model ({', '.join(_WEIGHTS)})")
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as content:
            digest.update(file.name.encode() + b"\0")
            digest.update(hashlib.file_digest(content, "sha256").digest())
    return digest.hexdigest()
