"""Follows the registry: which student is in service, and how a new one comes into use.

The new student is fetched and opened beside the old one, and tried, before the old one gives way.
One that cannot be fetched, opened or used changes nothing but the log, and is tried again later.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from services.extract.asking import Asking
from services.extract.checking import StudentFault, checked
from services.extract.engines import load_into_server, open_student, settings_of_folder
from services.extract.in_service import InService
from shared.criteria.question import AnswerType, Question
from shared.settings import Settings
from shared.students.interface import StudentEngine
from shared.students.version import StudentFolderError, student_version
from shared.telemetry import describe, get_logger
from training.registry import Registry

LONGEST_WAIT = 600.0
"""Seconds between two attempts with a student that cannot be used, at most."""

_TRIAL_TEXT = "Takes aspirin 81 mg daily."
_TRIAL_QUESTION = Question(
    study="trial", id="aspirin", type=AnswerType.BOOLEAN, text="Does the patient take aspirin?"
)

log = get_logger()


@asynccontextmanager
async def student_in_service(
    settings: Settings, stop: asyncio.Event
) -> AsyncIterator[InService | None]:
    """The student that the settings name, or with a registry the one in service there, followed
    while the block lasts. None: `stop` was set before there was one.

    Raises RegistryError: the settings name a registry that cannot be one. Without a registry:
    what opening the student raises.
    """
    if settings.registry_url:
        following = Following(settings, Registry(settings.registry_url))
        first = await following.first(stop)
    else:
        following, first = None, await _open_without_registry(settings)
    if first is None:
        yield None
        return
    student = InService(first)
    task = asyncio.create_task(following.follow(student, stop)) if following else None
    try:
        yield student
    finally:
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
        student.close()


async def _open_without_registry(settings: Settings) -> Asking:
    return await Asking.opened(lambda: open_student(settings))


@dataclass(frozen=True)
class Following:
    """Students are kept in `data_dir/students/<version>`; `in-service` there names the one that
    served last, for a start at which the registry is away."""

    settings: Settings
    registry: Registry

    async def first(self, stop: asyncio.Event) -> Asking | None:
        """The student in service, waited for if need be; None: `stop` was set meanwhile.

        While none was ever promoted: the one that the settings name. While the registry is away,
        or its student cannot be used: the one that served last here.
        """
        failures = 0
        while True:
            try:
                version = await asyncio.to_thread(self.registry.in_service)
                if version is None:
                    log.info("no student in service in the registry", url=self.registry.url)
                    return await _open_without_registry(self.settings)
                return await self._opened(version)
            except Exception as error:
                log.error("student in service not usable", error=describe(error))
            last = await self._last_served()
            if last is not None:
                return last
            failures += 1
            if await _set_within(stop, self._wait(failures)):
                return None

    async def follow(self, in_service: InService, stop: asyncio.Event) -> None:
        """Swaps students until `stop` is set. Never raises."""
        failures = 0
        while not await _set_within(stop, self._wait(failures)):
            version: str | None = None
            try:
                version = await asyncio.to_thread(self.registry.in_service)
                if version == in_service.version:
                    await self._keep_served(version)
                elif version is not None:
                    student = await self._opened(version)
                    before = in_service.version
                    in_service.swap(student)
                    log.info("student changed", student=version, source=before)
                failures = 0
            except Exception as error:
                failures += 1
                new = version not in {None, in_service.version}
                log.error(
                    "new student not usable, the old one goes on"
                    if new
                    else "registry or model server away, the student goes on",
                    version=version,
                    student=in_service.version,
                    error=describe(error),
                    seconds=self._wait(failures),
                )

    async def _opened(self, version: str) -> Asking:
        """Fetched, opened and tried. Raises whatever is wrong with it."""
        folder = await asyncio.to_thread(self.registry.fetch, version, self._folder)
        student = await self._open(folder, version)
        try:
            await asyncio.to_thread(self._remember, version)
        except OSError as error:
            log.warning("student not remembered for the next start", error=describe(error))
        return student

    async def _open(self, folder: Path, version: str) -> Asking:
        settings = settings_of_folder(self.settings, folder)

        def load() -> StudentEngine:
            load_into_server(settings, version)
            return open_student(settings)

        student = await Asking.opened(load)
        try:
            if student.version != version:
                raise StudentFault(f"{version} was opened, but names itself {student.version}")
            answers = await student.answer(_TRIAL_TEXT, [_TRIAL_QUESTION])
            checked(_TRIAL_TEXT, [_TRIAL_QUESTION], answers)
        except BaseException:
            student.close()
            raise
        return student

    async def _keep_served(self, version: str) -> None:
        """A model server that was started again has lost the adapter; one that has it keeps it."""
        folder = self._folder / version
        if self.settings.student == "vllm" and folder.is_dir():
            settings = settings_of_folder(self.settings, folder)
            await asyncio.to_thread(load_into_server, settings, version)

    async def _last_served(self) -> Asking | None:
        try:
            version = (self._folder / "in-service").read_text(encoding="utf-8").strip()
            folder = self._folder / version
            if await asyncio.to_thread(student_version, folder) != version:
                raise StudentFolderError(f"{folder} was altered")
            student = await self._open(folder, version)
        except FileNotFoundError:
            return None
        except Exception as error:
            log.error("the student that served last is not usable either", error=describe(error))
            return None
        log.warning("the student that served last goes on", student=version)
        return student

    def _remember(self, version: str) -> None:
        new = self._folder / f".in-service-{uuid4().hex}"
        new.write_text(version + "\n", encoding="utf-8")
        new.replace(self._folder / "in-service")

    @property
    def _folder(self) -> Path:
        return self.settings.data_dir / "students"

    def _wait(self, failures: int) -> float:
        seconds = self.settings.registry_poll_seconds
        return min(seconds * 2.0 ** min(failures, 10), max(LONGEST_WAIT, seconds))


async def _set_within(stop: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return False
    return True
