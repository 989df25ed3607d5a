"""All services of one machine as child processes: started in order, restarted, stopped cleanly."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import httpx

from shared.settings import Settings

FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0  # seconds before a dead service is started again
SETTLED = 60.0  # a service that ran this long starts again without waiting longer
STOP_WITHIN = 15.0  # seconds from SIGTERM to SIGKILL


class NotReady(Exception):
    """A service did not come up; the message says which, and where to look."""


def chartsift(verb: str) -> list[str]:
    """This installation's own program."""
    return [sys.executable, "-m", "services.cli", verb]


@dataclass
class _Service:
    name: str
    ready_url: str | None
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    wait: float = FIRST_WAIT
    restart_at: float | None = None
    log: IO[bytes] | None = field(default=None, repr=False)


class Supervisor:
    """`with Supervisor(settings) as services: services.wait_until_ready(60)`; then `tend` now and
    then. Leaving the block stops everything.

    environment: variables of the children beside this process's own.
    log_dir: a file for each service; None: they write to this process's own output.
    say: gets one line whenever a service is started again.
    command: the program and arguments that run a service of this name.
    """

    def __init__(
        self,
        settings: Settings,
        environment: Mapping[str, str] | None = None,
        log_dir: Path | None = None,
        say: Callable[[str], None] = lambda line: None,
        command: Callable[[str], Sequence[str]] = chartsift,
    ) -> None:
        ready = {
            "fhir": f"{_origin(settings.fhir_url)}/ready",
            "trials": f"{settings.trials_url.rstrip('/')}/ready",
            "ingest": f"{settings.ingest_url.rstrip('/')}/ready",
            "extract": None,
            "writeback": None,
        }
        self._services = {name: _Service(name, url) for name, url in ready.items()}
        self._environment = {**os.environ, **(environment or {})}
        self._log_dir = log_dir
        self._say = say
        self._command = command
        self._open = ExitStack()

    def __enter__(self) -> Self:
        for service in self._services.values():
            if self._log_dir is not None:
                self._log_dir.mkdir(parents=True, exist_ok=True)
                path = self._log_dir / f"{service.name}.log"
                service.log = self._open.enter_context(path.open("ab"))
            self._start(service)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def pids(self) -> dict[str, int]:
        """Process ids of the services that run now."""
        return {
            service.name: service.process.pid
            for service in self._services.values()
            if service.process is not None and service.process.poll() is None
        }

    def wait_until_ready(self, timeout: float) -> None:
        """Raises NotReady when a service ends at once or is not ready in `timeout` seconds."""
        deadline = time.monotonic() + timeout
        for service in self._services.values():
            while not self._is_ready(service):
                if service.process is not None and service.process.poll() is not None:
                    raise NotReady(
                        f"{service.name} ended with status {service.process.returncode} while "
                        f"starting.{self._where(service)}"
                    )
                if time.monotonic() > deadline:
                    raise NotReady(
                        f"{service.name} is not ready after {timeout:.0f} s"
                        f" ({service.ready_url}).{self._where(service)}"
                    )
                time.sleep(0.1)

    def tend(self) -> None:
        """Starts again what has died, each time after a longer wait."""
        now = time.monotonic()
        for service in self._services.values():
            if service.process is None or service.process.poll() is None:
                continue
            if service.restart_at is None:
                if now - service.started_at > SETTLED:
                    service.wait = FIRST_WAIT
                service.restart_at = now + service.wait
                self._say(
                    f"{service.name} ended with status {service.process.returncode}; "
                    f"starting it again in {service.wait:g} s.{self._where(service)}"
                )
                service.wait = min(2 * service.wait, LONGEST_WAIT)
            elif now >= service.restart_at:
                self._start(service)

    def stop(self) -> None:
        """SIGTERM to every service, SIGKILL to what is still there after 15 seconds."""
        running = [one.process for one in self._services.values() if one.process is not None]
        try:
            for process in running:
                process.terminate()
            deadline = time.monotonic() + STOP_WITHIN
            with suppress(subprocess.TimeoutExpired):
                for process in running:
                    process.wait(max(0.0, deadline - time.monotonic()))
        finally:
            for process in running:
                process.kill()
                process.wait()
        for service in self._services.values():
            service.process = None
        self._open.close()

    def _start(self, service: _Service) -> None:
        # A session of its own: Ctrl-C in the terminal reaches the supervisor alone, which then
        # stops the services in good order.
        service.process = subprocess.Popen(
            self._command(service.name),
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=service.log,
            stderr=subprocess.STDOUT if service.log is not None else None,
            start_new_session=True,
        )
        service.started_at = time.monotonic()
        service.restart_at = None

    def _is_ready(self, service: _Service) -> bool:
        if service.ready_url is None:
            return service.process is not None and service.process.poll() is None
        try:
            return httpx.get(service.ready_url, timeout=2).is_success
        except httpx.HTTPError:
            return False

    def _where(self, service: _Service) -> str:
        if self._log_dir is None:
            return ""
        return f" Its log: {self._log_dir / service.name}.log"


def _origin(url: str) -> str:
    """Scheme, host and port of a URL."""
    parts = httpx.URL(url)
    return f"{parts.scheme}://{parts.netloc.decode()}"
