"""The student engines that extract can load, by the name in CHARTSIFT_STUDENT."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from shared.settings import Settings
from shared.students.interface import StudentEngine
from shared.students.version import engine_named_in


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


def settings_of_folder(settings: Settings, folder: Path) -> Settings:
    """The settings with which `open_student` opens the student in a folder: with the engine that
    its student.json names, or with the one in the settings where several could (vllm and
    transformers run decoders) or where it is one of your own.

    Raises ValueError: a decoder, and the settings name no engine that runs decoders.
    """
    named = engine_named_in(folder)
    student = named if named in _ENGINES and ":" not in settings.student else settings.student
    if named == "decoder" and student == "encoder":
        raise ValueError(
            f"the student in {folder} is a decoder; set CHARTSIFT_STUDENT to vllm or transformers"
        )
    # A server has it under its version, so that no other answers in its name.
    return settings.model_copy(update={"student": student, "student_dir": folder, "vllm_model": ""})


def load_into_server(settings: Settings, version: str) -> None:
    """A decoder's adapter in `settings.student_dir` is loaded into the running vLLM server, under
    its version as the model's name; nothing is done for engines that run in this process. The
    server must see the folder under the same path.

    Raises StudentUnavailable, VllmRefusedError.
    """
    folder = settings.student_dir
    if settings.student == "vllm" and folder and (folder / "adapter_config.json").is_file():
        from shared.students.decoder.vllm import load_adapter

        load_adapter(settings.vllm_url, version, folder, _key(settings))


def _open_encoder(settings: Settings) -> StudentEngine:
    # onnxruntime is imported only by the service that needs it
    from shared.students.encoder import load_encoder

    return load_encoder(settings.student_dir)


def _open_transformers(settings: Settings) -> StudentEngine:
    try:
        from shared.students.decoder.transformers import TransformersStudent
    except ModuleNotFoundError as error:
        raise ValueError(
            f"CHARTSIFT_STUDENT=transformers needs {error.name}, which is part of the extra named "
            "llm: pip install --constraint constraints.txt 'chartsift[llm]'"
        ) from error
    return TransformersStudent(
        _decoder_folder(settings),
        settings.student_base,
        device=settings.student_device,
        at_once=settings.student_questions_at_once,
        context=settings.student_context or None,
    )


def _open_vllm(settings: Settings) -> StudentEngine:
    from shared.students.decoder.vllm import Asking, VllmStudent

    asking = Asking(
        url=settings.vllm_url,
        key=_key(settings),
        model=settings.vllm_model,
        base=settings.student_base,
        questions_per_call=settings.vllm_questions_per_call,
        concurrency=settings.vllm_concurrency,
        context=settings.student_context or None,
        timeout=settings.vllm_timeout_seconds,
        patience=settings.vllm_patience_seconds,
    )
    return VllmStudent(_decoder_folder(settings), asking)


def _decoder_folder(settings: Settings) -> Path:
    if settings.student_dir is None:
        raise ValueError(
            f"CHARTSIFT_STUDENT={settings.student} needs CHARTSIFT_STUDENT_DIR: the folder of a "
            "decoder student; none is shipped"
        )
    return settings.student_dir


def _key(settings: Settings) -> str | None:
    return settings.vllm_key.get_secret_value() if settings.vllm_key else None


_ENGINES: dict[str, Callable[[Settings], StudentEngine]] = {
    "encoder": _open_encoder,
    "transformers": _open_transformers,
    "vllm": _open_vllm,
}
