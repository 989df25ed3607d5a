"""The folder of a run while it is written: what is finished, what it took, and the manifest."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from training.dataset.records import ItemType
from training.notes.records import SourceNote
from training.teacher.errors import TeacherFolderError
from training.teacher.folder import FAILURES, MANIFEST, NOTES, REPLIES, read_manifest
from training.teacher.lines import LineWriter, read_lines
from training.teacher.prompt import prompt_hash
from training.teacher.records import Failure, Manifest, NoteFailed, Reply
from training.teacher.settings import TeacherSettings

Wanted = tuple[str, ItemType]
"""A note's id and the kind of items."""


class TeacherFolder:
    """A folder open for one run; a second one at the same time is refused.

    Raises TeacherFolderError: in use, begun with other settings, not readable or writable.
    """

    def __init__(self, folder: Path, settings: TeacherSettings) -> None:
        self._folder, self._settings = folder, settings
        self._kinds = settings.items.kinds()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = (folder / ".lock").open("w")
        except OSError as error:
            raise TeacherFolderError(f"teacher: cannot use {folder}: {error.strerror}") from None
        try:
            self._take_lock()
            self._manifest = self._begun()
            self._notes: LineWriter[SourceNote] = LineWriter(folder / NOTES)
            self._replies: LineWriter[Reply] = LineWriter(folder / REPLIES)
            self._failures: LineWriter[Failure] = LineWriter(folder / FAILURES)
            self._load()
        except BaseException:
            self._lock.close()
            raise

    @property
    def torn(self) -> bool:
        """Whether an unfinished line of a killed run was removed."""
        return self._notes.torn or self._replies.torn or self._failures.torn

    @property
    def notes_done(self) -> int:
        return sum(number == len(self._kinds) for number in self._per_note.values())

    @property
    def notes_failed(self) -> int:
        return len({note_id for note_id, _ in self._failed})

    @property
    def tokens(self) -> int:
        return self._prompt_tokens + self._completion_tokens

    def open_kinds(self, note: SourceNote) -> tuple[ItemType, ...]:
        """The kinds without reply; none if the note came before in this run. Records the note.

        Raises TeacherFolderError: another text under the same id was asked before.
        """
        digest = _digest(note)
        known = self._digests.setdefault(note.id, digest)
        if known != digest:
            raise TeacherFolderError(
                f"teacher: note {note.id} has another text or patient than when it was asked in "
                f"{self._folder}. Begin a new folder for changed notes, or give them new ids"
            )
        if note.id not in self._recorded:
            self._notes.add(note)
            self._recorded.add(note.id)
        if note.id in self._handed_out:
            return ()
        self._handed_out.add(note.id)
        return tuple(kind for kind in self._kinds if (note.id, kind) not in self._done)

    def replied(self, reply: Reply) -> None:
        self._replies.add(reply)
        self._count_reply(reply)

    def gave_up(self, failure: Failure) -> None:
        self._failures.add(failure)
        self._count_failure(failure)

    def write_manifest(
        self, structured: bool | None, seconds: float, complete: bool = False
    ) -> Manifest:
        """seconds: of this run so far."""
        prices, cost = self._settings.prices, None
        if prices:
            cost = self._prompt_tokens * prices.prompt + self._completion_tokens * prices.completion
            cost = round(cost / 1e6, 6)
        failed = tuple(
            NoteFailed(note_id=f.note_id, kind=f.kind, reason=f.reason, attempts=f.attempts)
            for f in self._failed.values()
        )
        manifest = self._manifest.model_copy(
            update={
                "server": self._settings.base_url,
                "structured": self._manifest.structured if structured is None else structured,
                "seconds": round(self._manifest.seconds + seconds, 3),
                "requests": self._requests,
                "prompt_tokens": self._prompt_tokens,
                "completion_tokens": self._completion_tokens,
                "prices": prices,
                "cost": cost,
                "notes": len(self._recorded),
                "done": self.notes_done,
                "failed": failed,
                "complete": complete,
            }
        )
        file = self._folder / MANIFEST
        fresh = file.with_suffix(".json.new")
        try:
            with fresh.open("w", encoding="utf-8") as stream:
                stream.write(manifest.model_dump_json(indent=2) + "\n")
                stream.flush()
                os.fsync(stream.fileno())
            fresh.replace(file)
        except OSError as error:
            raise TeacherFolderError(
                f"teacher: cannot write {file}: {error.strerror}. Make room and start again"
            ) from None
        return manifest

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for writer in (self._notes, self._replies, self._failures):
            writer.close()
        self._lock.close()

    def _take_lock(self) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise TeacherFolderError(
                f"teacher: another run is writing to {self._folder}. Wait for it, or stop it"
            ) from None

    def _begun(self) -> Manifest:
        fresh = _fresh_manifest(self._settings)
        begun = read_manifest(self._folder)
        replies = self._folder / REPLIES
        if not replies.is_file() or not replies.stat().st_size:
            return fresh
        if begun is None:
            raise TeacherFolderError(
                f"teacher: {self._folder} holds replies but no {MANIFEST}, so nobody knows how "
                "they were asked for. Begin in a new folder"
            )
        differ = [
            f"{name} (was {_brief(getattr(begun, name))}, is {_brief(getattr(fresh, name))})"
            for name in ("model", "prompt_version", "prompts", "sampling", "seed", "items")
            if getattr(begun, name) != getattr(fresh, name)
        ]
        if differ:
            raise TeacherFolderError(
                f"teacher: {self._folder} was begun with other settings: {'; '.join(differ)}. "
                "Set them back to go on, or begin a new folder"
            )
        return begun

    def _load(self) -> None:
        self._done: set[Wanted] = set()
        self._failed: dict[Wanted, Failure] = {}
        self._per_note: Counter[str] = Counter()
        self._requests = self._prompt_tokens = self._completion_tokens = 0
        self._digests = {
            note.id: _digest(note) for _, note in read_lines(self._folder / NOTES, SourceNote)
        }
        self._recorded = set(self._digests)
        self._handed_out: set[str] = set()
        # Failures first: a reply settles those before it, and there is none after it.
        for _, failure in read_lines(self._folder / FAILURES, Failure):
            self._count_failure(failure)
        for _, reply in read_lines(self._folder / REPLIES, Reply):
            self._count_reply(reply)

    def _count_reply(self, reply: Reply) -> None:
        self._failed.pop((reply.note_id, reply.kind), None)
        if (reply.note_id, reply.kind) not in self._done:
            self._done.add((reply.note_id, reply.kind))
            self._per_note[reply.note_id] += 1
        self._spend(reply)

    def _count_failure(self, failure: Failure) -> None:
        self._failed[failure.note_id, failure.kind] = failure
        self._spend(failure)

    def _spend(self, record: Reply | Failure) -> None:
        self._requests += record.attempts
        self._prompt_tokens += record.prompt_tokens
        self._completion_tokens += record.completion_tokens


def _fresh_manifest(settings: TeacherSettings) -> Manifest:
    kinds = settings.items.kinds()
    return Manifest(
        model=settings.model,
        server=settings.base_url,
        structured=settings.structured,
        prompt_version=settings.prompt_version,
        prompts={kind: prompt_hash(kind, settings.prompt_version) for kind in kinds},
        sampling=settings.sampling,
        seed=settings.seed,
        items=settings.items,
        started=datetime.now(UTC),
        seconds=0,
        requests=0,
        prompt_tokens=0,
        completion_tokens=0,
        prices=settings.prices,
        cost=None,
        notes=0,
        done=0,
        failed=(),
        complete=False,
    )


def _digest(note: SourceNote) -> bytes:
    return hashlib.sha256(f"{note.patient_id}\0{note.text}".encode()).digest()


def _brief(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{kind} {digest[:8]}" for kind, digest in value.items())
    return str(value)
