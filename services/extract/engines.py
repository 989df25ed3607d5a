"""The student engines that extract can load, by the name in CHARTSIFT_STUDENT."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from shared.settings import Settings
from shared.students.interface import StudentEngine


def open_student(settings: Settings) -> StudentEngine:
    """Loads the engine named in the settings: one of ChartSift's, or `module:function` of a
    function that takes the settings and returns a StudentEngine.

    Raises ValueError for a name that is neither.
    """
    name = settings.student
    if name in _ENGINES:
        return _ENGINES[name](settings)
    module, colon, function = name.partition(":")
    if not colon:
        raise ValueError(
            f"no student engine {name!r}; set CHARTSIFT_STUDENT to one of "
            f"{', '.join(sorted(_ENGINES))}, or to module:function of your own"
        )
    try:
        engine: StudentEngine = getattr(import_module(module), function)(settings)
    except (ModuleNotFoundError, AttributeError) as error:
        raise ValueError(
            f"CHARTSIFT_STUDENT={name}: {error}; is {module!r} installed or on PYTHONPATH?"
        ) from error
    return engine


def _open_encoder(settings: Settings) -> StudentEngine:
    # onnxruntime is imported only by the service that needs it
    from shared.students.encoder import load_encoder

    return load_encoder(settings.student_dir)


_ENGINES: dict[str, Callable[[Settings], StudentEngine]] = {"encoder": _open_encoder}
