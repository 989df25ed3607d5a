"""Opens what is measured: by name, by folder or by address."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from shared.settings import Settings
from shared.students.decoder.description import base_hash
from shared.students.interface import StudentEngine
from shared.students.version import DESCRIPTION
from training.baselines import BASELINES
from training.evaluate.fault import EvaluationError

KEY_VARIABLE = "CHARTSIFT_TEACHER_KEY"
_ENGINE_OF = {"decoder": "transformers"}
"""Which engine runs a kind of student, where they are not of one name."""


class EngineNotOpenedError(EvaluationError):
    """No such engine, or what it needs is missing; the message names the cure."""


def open_engine(name: str, allow_hosts: Iterable[str] = ()) -> StudentEngine:
    """One of: a baseline; a student engine as the services open it, from the folder in the
    settings; the folder of a student; `http(s)://HOST/v1` or `...#MODEL`, an OpenAI-compatible
    server (the teacher, or a base model).

    allow_hosts: to which notes may go, beside this machine and private networks.
    Raises EngineNotOpenedError.
    """
    if name.startswith(("http://", "https://")):
        return _open_served(name, allow_hosts)
    if (Path(name) / DESCRIPTION).is_file():
        return open_folder(Path(name))
    return _opened(name, BASELINES[name]) if name in BASELINES else _open(Settings(student=name))


def open_folder(folder: Path, base: Path | None = None) -> StudentEngine:
    """The student in a folder, by the engine that its student.json names.

    base: folder of a base model, taken if it is the one that the student was trained on.
    Raises EngineNotOpenedError.
    """
    return _open(_settings_of(folder, base))


def _open(settings: Settings) -> StudentEngine:
    from services.extract.engines import open_student

    return _opened(settings.student, lambda: open_student(settings))


def _opened(name: str, opening: Callable[[], StudentEngine]) -> StudentEngine:
    try:
        return opening()
    except ModuleNotFoundError as error:
        raise EngineNotOpenedError(f"{name} needs the package {error.name}: {_EXTRAS}") from error
    except (ValueError, OSError, RuntimeError) as error:
        raise EngineNotOpenedError(str(error)) from error


_EXTRAS = "pip install 'chartsift[train]'"


def _settings_of(folder: Path, base: Path | None = None) -> Settings:
    try:
        described = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        engine = str(described["engine"])
    except (OSError, ValueError, KeyError, TypeError):
        raise EngineNotOpenedError(f"{folder / DESCRIPTION} names no engine") from None
    settings = Settings(student=_ENGINE_OF.get(engine, engine), student_dir=folder)
    if base is not None and described.get("base_hash") == base_hash(base):
        return settings.model_copy(update={"student_base": str(base)})
    return settings


def _open_served(address: str, allow_hosts: Iterable[str]) -> StudentEngine:
    from training.teacher.errors import HostRefusedError
    from training.teacher.hosts import check_host

    url, _, model = address.partition("#")
    allowed = list(allow_hosts)
    try:
        check_host(url, allowed)
    except HostRefusedError as error:
        raise EngineNotOpenedError(f"{error}. Here the option is --allow-host HOST") from None
    try:
        from training.evaluate.served import ServedModel, ServedModelError
    except ModuleNotFoundError as error:
        raise EngineNotOpenedError(f"{address} needs the package {error.name}: {_EXTRAS}") from None
    try:
        return ServedModel(url, model or None, os.environ.get(KEY_VARIABLE), bool(allowed))
    except ServedModelError as error:
        raise EngineNotOpenedError(str(error)) from None


def names_of(engine: str, against: Iterable[str]) -> list[str]:
    """What is asked for beside the student, each once.

    Raises EngineNotOpenedError: the student itself, or one twice.
    """
    names = list(against)
    for name in names:
        if name == engine or names.count(name) > 1:
            raise EngineNotOpenedError(f"{name} is named twice; each student is measured once")
    return names
