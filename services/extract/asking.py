"""The student in its own thread, so that the event loop and the poll loop go on meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

from shared.criteria.question import Question
from shared.students.interface import Answer, StudentEngine


class Asking:
    """`async with Asking(load) as student:`. The only place that calls an engine; an engine that
    answers several notes at once gathers them here, from the notes handled side by side."""

    def __init__(self, load: Callable[[], StudentEngine]) -> None:
        self._load = load
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="student")
        self._engine: StudentEngine | None = None

    @property
    def version(self) -> str:
        return self._loaded().version

    async def answer(self, text: str, questions: Sequence[Question]) -> list[Answer]:
        return await asyncio.get_running_loop().run_in_executor(
            self._thread, self._loaded().answer, text, questions
        )

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._engine = await loop.run_in_executor(self._thread, self._load)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _loaded(self) -> StudentEngine:
        if self._engine is None:
            raise RuntimeError("the student is loaded on entering `async with Asking(...)`")
        return self._engine
