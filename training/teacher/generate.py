"""Asks the teacher about every note: bounded concurrency, every reply on the disk before the next
request takes its place, so that a killed run goes on where it was."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from training.dataset.records import ItemType
from training.notes.records import SourceNote
from training.progress import Say
from training.teacher.asking import TOO_LONG, Teacher
from training.teacher.errors import TeacherUnreachableError
from training.teacher.journal import TeacherFolder
from training.teacher.records import Failure, Manifest, Reply
from training.teacher.settings import TeacherSettings

_EVERY = 10.0  # seconds between two lines of progress, and two manifests


def generate(
    notes: Iterable[SourceNote], settings: TeacherSettings, folder: Path, say: Say
) -> Manifest:
    """One request for each note and kind that `folder` has no reply to yet.

    What cannot be had is given up after `settings.attempts`, stands in the manifest with its
    reason, and is asked for again by the next start; everything else is asked for once.

    Raises TeacherError (its kinds: `training.teacher.errors`): the host is not one for patient
    data, nothing can be reached, the server refuses, the folder is of another run. ValueError: an
    unknown prompt version. What `notes` raises is passed on. Replies so far are kept in any case.
    """
    return asyncio.run(_generate(notes, settings, folder, say))


async def _generate(
    notes: Iterable[SourceNote], settings: TeacherSettings, folder: Path, say: Say
) -> Manifest:
    async with Teacher(settings) as teacher:
        with TeacherFolder(folder, settings) as opened:
            if opened.torn:
                say("teacher: removed the unfinished last line of a run that was killed")
            run = _Run(teacher, opened, settings, say)
            run.write_manifest()
            try:
                await run.over(notes)
            except BaseExceptionGroup as group:
                run.write_manifest()
                raise group.exceptions[0] from None
            except BaseException:
                run.write_manifest()
                raise
            manifest = run.write_manifest(complete=True)
            say(run.standing())
            return manifest


class _Run:
    def __init__(
        self, teacher: Teacher, folder: TeacherFolder, settings: TeacherSettings, say: Say
    ) -> None:
        self._teacher, self._folder, self._settings, self._say = teacher, folder, settings, say
        self._free = asyncio.Semaphore(settings.concurrency)
        self._began = self._said = time.monotonic()
        self._failures_in_a_row = 0
        self._checked = False

    async def over(self, notes: Iterable[SourceNote]) -> None:
        async with asyncio.TaskGroup() as requests:
            async for note in _pulled(notes):
                for kind in self._folder.open_kinds(note):
                    if not self._checked:
                        await self._teacher.check()
                        self._checked = True
                    await self._free.acquire()
                    requests.create_task(self._one(note, kind))

    def write_manifest(self, complete: bool = False) -> Manifest:
        seconds = time.monotonic() - self._began
        return self._folder.write_manifest(self._teacher.structured, seconds, complete)

    def standing(self) -> str:
        folder = self._folder
        return (
            f"teacher: {folder.notes_done} notes done, {folder.notes_failed} given up in part, "
            f"{folder.tokens:,} tokens"
        )

    async def _one(self, note: SourceNote, kind: ItemType) -> None:
        try:
            outcome = await self._teacher.ask(note, kind)
            if isinstance(outcome, Reply):
                self._folder.replied(outcome)
                self._failures_in_a_row = 0
            else:
                self._gave_up(outcome)
        finally:
            self._free.release()
        if time.monotonic() - self._said >= _EVERY:
            self._said = time.monotonic()
            self.write_manifest()
            self._say(self.standing())

    def _gave_up(self, failure: Failure) -> None:
        self._folder.gave_up(failure)
        self._failures_in_a_row += failure.reason != TOO_LONG
        if self._failures_in_a_row >= self._settings.failures_in_a_row:
            raise TeacherUnreachableError(
                f"teacher: {self._failures_in_a_row} requests in a row were given up, the last "
                f"for: {failure.reason}. Look at the server and its model; all replies so far are "
                "kept, and the same command goes on from them"
            )


async def _pulled(notes: Iterable[SourceNote]) -> AsyncIterator[SourceNote]:
    """Each note when it is wanted; a slow source holds up no request. One thread, because
    sources may be bound to theirs."""
    iterator, loop = iter(notes), asyncio.get_running_loop()
    with ThreadPoolExecutor(1) as reader:
        while (note := await loop.run_in_executor(reader, next, iterator, None)) is not None:
            yield note
