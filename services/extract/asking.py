"""A student in its own thread, so that the event loop and the poll loop go on meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from shared.criteria.question import Question
from shared.students.interface import Answer, StudentEngine


class Asking:
    """`student = await Asking.opened(load)`, and `close` when no note is with it any more.

    The only place that calls an engine; an engine that answers several notes at once gathers them
    here, from the notes handled side by side. An engine with a method `close` is told to.
    """

    def __init__(self, engine: StudentEngine, thread: ThreadPoolExecutor) -> None:
        self._engine, self._thread = engine, thread
        self.version = engine.version

    @classmethod
    async def opened(cls, load: Callable[[], StudentEngine]) -> Asking:
        """Raises what `load` raises."""
        thread = ThreadPoolExecutor(1, thread_name_prefix="student")
        try:
            engine = await asyncio.get_running_loop().run_in_executor(thread, load)
        except BaseException:
            thread.shutdown(wait=False, cancel_futures=True)
            raise
        return cls(engine, thread)

    async def answer(self, text: str, questions: Sequence[Question]) -> list[Answer]:
        return await asyncio.get_running_loop().run_in_executor(
            self._thread, self._engine.answer, text, questions
        )

    def close(self) -> None:
        """After the note that the engine is reading, if any."""
        close = getattr(self._engine, "close", None)
        if callable(close):
            self._thread.submit(close)
        self._thread.shutdown(wait=False)
