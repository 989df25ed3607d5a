"""Where students are kept: content-addressed, with a log of what happened to them.

students/<version>/...        a student's files
students/<version>/.complete  their sha256, written last
log/00000001.json ...         added, promoted, rolled back, retired; never changed
"""

from __future__ import annotations

import getpass
import hashlib
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from pydantic import ValidationError

from shared.students.version import CARD, DESCRIPTION
from training.registry.description import StudentDescription, read_entry
from training.registry.errors import (
    DamagedStudent,
    NotPromotable,
    PromotionConflict,
    RegistryError,
    UnknownStudent,
)
from training.registry.events import Log
from training.registry.fetching import place
from training.registry.log import Event, Kind, Standings, State
from training.registry.manifest import COMPLETE, Manifest, is_version, manifest_of
from training.registry.storage import Storage

if TYPE_CHECKING:
    from training.gate import Decision


@dataclass(frozen=True)
class Listed:
    """added, by: when the student came into the registry, and who brought it."""

    version: str
    state: State
    added: datetime
    by: str


class Registry:
    """`Registry("var/registry")`, `Registry("s3://bucket/students")`.

    Any number of processes may use one registry at the same time; one object, one thread. All
    methods raise RegistryUnavailable and DamagedRegistry; where they raise, the state is as it was.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._storage = Storage(url)
        self._log = Log(self._storage)

    def add(self, folder: Path, by: str | None = None) -> str:
        """Stores the student in a folder as a candidate; its version. Again: nothing is changed
        but the model card.

        Raises StudentFolderError: no student. DamagedStudent: stored before, and altered since.
        RegistryError: a file that changed while it was read, or whose name cannot be kept.
        """
        entry = read_entry(folder)
        try:
            manifest = manifest_of(folder, entry.description.engine)
        except ValueError as error:
            raise RegistryError(str(error)) from None
        version = manifest.version
        if self._manifest(version) is not None:
            self.verify(version)
        else:
            for name, digest in manifest.files.items():
                if self._storage.put(folder / name, _at(version, name)) != digest:
                    raise RegistryError(f"{folder}: {name} changed while it was being added")
            complete = manifest.model_dump_json(indent=2) + "\n"
            self._storage.write(_at(version, COMPLETE), complete.encode())
        if (folder / CARD).is_file():
            self._storage.put(folder / CARD, _at(version, CARD))

        def added(now: Standings) -> Event | None:
            return None if version in now.states else _event(Kind.ADDED, version, by)

        self._log.append(added)
        return version

    def promote(
        self,
        version: str,
        decision: Decision | None,
        by: str | None = None,
        reason: str | None = None,
    ) -> None:
        """Brings a student into service; nothing happens if it is already.

        decision: the gate's; None: a person takes it upon them, for the reason given.
        Raises UnknownStudent, DamagedStudent. NotPromotable: the decision says no, or is about
        another student. PromotionConflict: another student is in service than the decision
        compares with, or came into service meanwhile.
        """
        before = self._log.read()
        self._require(before, version)
        if before.in_service == version:
            return
        if decision is not None:
            _require_yes(decision, version)
            if decision.in_service != before.in_service:
                raise PromotionConflict(
                    f"{version} was compared with {decision.in_service or 'no student'}, but "
                    f"{before.in_service or 'none'} is in service now; evaluate it against that one"
                )
        self.verify(version)
        told = None if decision is None else decision.model_dump(mode="json")

        def promoted(now: Standings) -> Event:
            _require_same(before, now)
            event = _event(Kind.PROMOTED, version, by, now.in_service)
            return event.model_copy(update={"decision": told, "reason": reason})

        self._log.append(promoted)

    def roll_back(self, by: str | None = None, reason: str | None = None) -> str:
        """Brings the student before the one in service into service again; its version.

        Raises NotPromotable: there was none. DamagedStudent, PromotionConflict as `promote`.
        """
        before = self._log.read()
        target = before.before
        if target is None:
            raise NotPromotable(f"{self.url}: there is no earlier student to go back to")
        self.verify(target)

        def rolled_back(now: Standings) -> Event:
            _require_same(before, now)
            event = _event(Kind.ROLLED_BACK, target, by, now.in_service)
            return event.model_copy(update={"reason": reason})

        self._log.append(rolled_back)
        return target

    def retire(self, version: str, by: str | None = None, reason: str | None = None) -> None:
        """Takes a student out of consideration: no candidate, and none to go back to.

        Raises UnknownStudent. NotPromotable: it is in service.
        """

        def retired(now: Standings) -> Event:
            self._require(now, version)
            if now.in_service == version:
                raise NotPromotable(f"{version} is in service; promote another or roll back first")
            return _event(Kind.RETIRED, version, by).model_copy(update={"reason": reason})

        self._log.append(retired)

    def fetch(self, version: str, into: Path) -> Path:
        """The student's folder, `into/<version>`: complete and verified, or not there at all. One
        that is there already, unaltered, is not fetched again.

        Raises UnknownStudent, DamagedStudent. OSError: this machine's disk.
        """
        self._require(self._log.read(), version)
        manifest = self._manifest_or_fault(version)

        def download(folder: Path) -> None:
            for name, digest in manifest.files.items():
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("wb") as opened:
                    self._read_file(version, name, digest, opened.write)
            card = self.card(version)
            if card is not None:
                (folder / CARD).write_text(card, encoding="utf-8")

        return place(version, into, download)

    def verify(self, version: str) -> None:
        """Reads every stored file. Raises DamagedStudent naming the first that is not as added."""
        for name, digest in self._manifest_or_fault(version).files.items():
            self._read_file(version, name, digest, lambda piece: None)

    def entries(self) -> list[Listed]:
        """All students, the newest last."""
        now = self._log.read()
        return [
            Listed(version, now.states[version], event.at, event.by)
            for version, event in now.added.items()
        ]

    def state(self, version: str) -> State:
        """Raises UnknownStudent."""
        now = self._log.read()
        self._require(now, version)
        return now.states[version]

    def in_service(self) -> str | None:
        return self._log.read().in_service

    def history(self) -> list[Event]:
        """Everything that happened, oldest first."""
        return self._log.events()

    def description(self, version: str) -> StudentDescription:
        """student.json. Raises UnknownStudent, DamagedStudent."""
        self._require(self._log.read(), version)
        content = bytearray()
        digest = self._manifest_or_fault(version).files[DESCRIPTION]
        self._read_file(version, DESCRIPTION, digest, content.extend)
        return StudentDescription.model_validate_json(bytes(content))

    def card(self, version: str) -> str | None:
        """The model card (README.md), if the student has one. Raises UnknownStudent."""
        self._require(self._log.read(), version)
        try:
            return self._storage.read(_at(version, CARD)).decode()
        except FileNotFoundError:
            return None

    def _require(self, now: Standings, version: str) -> None:
        if version not in now.states:
            raise UnknownStudent(f"{self.url} holds no student {version}")

    def _manifest(self, version: str) -> Manifest | None:
        try:
            content = self._storage.read(_at(version, COMPLETE))
        except FileNotFoundError:
            return None
        try:
            manifest = Manifest.model_validate_json(content)
        except ValidationError:
            raise DamagedStudent(version, COMPLETE, "cannot be read") from None
        if manifest.version != version or not is_version(version):
            raise DamagedStudent(version, COMPLETE, "is altered")
        return manifest

    def _manifest_or_fault(self, version: str) -> Manifest:
        manifest = self._manifest(version)
        if manifest is None:
            raise DamagedStudent(version, COMPLETE, "is missing")
        return manifest

    def _read_file(
        self, version: str, name: str, digest: str, receive: Callable[[bytes], object]
    ) -> None:
        read = hashlib.sha256()
        try:
            for piece in self._storage.chunks(_at(version, name)):
                read.update(piece)
                receive(piece)
        except FileNotFoundError:
            raise DamagedStudent(version, name, "is missing") from None
        if read.hexdigest() != digest:
            raise DamagedStudent(version, name, "is altered")


def _at(version: str, name: str) -> str:
    return f"students/{version}/{name}"


def _event(kind: Kind, version: str, by: str | None, previous: str | None = None) -> Event:
    return Event(
        number=0,  # given by the log
        id=uuid4().hex,
        kind=kind,
        version=version,
        previous=previous,
        by=by or f"{getpass.getuser()}@{socket.gethostname()}",
        at=datetime.now(UTC),
    )


def _require_yes(decision: Decision, version: str) -> None:
    if decision.candidate != version:
        raise NotPromotable(f"the decision is about {decision.candidate}, not about {version}")
    if not decision.promote:
        raise NotPromotable(f"the gate does not let {version} pass: {'; '.join(decision.reasons)}")


def _require_same(before: Standings, now: Standings) -> None:
    if now.in_service != before.in_service:
        raise PromotionConflict(
            f"{now.in_service or 'no student'} came into service meanwhile, in the place of "
            f"{before.in_service or 'none'}; look at it, and decide again"
        )
