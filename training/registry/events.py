"""Reads the log, and adds to it: each number is given once, to whoever comes first."""

from __future__ import annotations

import re
from collections.abc import Callable

from pydantic import ValidationError

from training.registry.errors import DamagedRegistry, RegistryUnavailable
from training.registry.log import Event, Standings, fold
from training.registry.storage import Storage

ATTEMPTS = 20
_NAME = re.compile(r"(\d{8})\.json")


class Log:
    """Events that were read once are not read again: they never change."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._known: list[Event] = []

    def events(self) -> list[Event]:
        """Raises DamagedRegistry: a gap, or an event that cannot be read."""
        names = self._storage.names("log")
        numbers = {int(match[1]) for name in names if (match := _NAME.fullmatch(name))}
        last = max(len(self._known), *numbers, 0)
        missing = sorted(set(range(1, last + 1)) - numbers)
        if missing:
            raise DamagedRegistry(
                f"{self._storage.url}: {_name(missing[0])} is missing; bring it back from a backup"
            )
        for number in range(len(self._known) + 1, last + 1):
            self._known.append(self._event(number))
        return list(self._known)

    def read(self) -> Standings:
        return fold(self.events())

    def append(self, make: Callable[[Standings], Event | None]) -> None:
        """Adds the event that `make` gives for the state as it is; None: nothing is added.

        Where somebody else was quicker, `make` is asked again for the state as it is then, and
        raises if the event no longer makes sense.
        """
        for _ in range(ATTEMPTS):
            now = self.read()
            event = make(now)
            if event is None:
                return
            event = event.model_copy(update={"number": now.events + 1})
            content = event.model_dump_json(exclude_none=True, indent=2).encode() + b"\n"
            if self._storage.create(_name(event.number), content) or self._is_ours(event):
                return
        raise RegistryUnavailable(f"{self._storage.url}: others write all the time; try again")

    def _is_ours(self, event: Event) -> bool:
        """A PUT whose reply was lost is repeated, and then finds the name taken: by itself."""
        return self._event(event.number).id == event.id

    def _event(self, number: int) -> Event:
        try:
            event = Event.model_validate_json(self._storage.read(_name(number)))
        except (ValidationError, FileNotFoundError):
            event = None
        if event is None or event.number != number:
            raise DamagedRegistry(
                f"{self._storage.url}: {_name(number)} cannot be read; "
                "bring it back from a backup, or delete it if it is the last one"
            )
        return event


def _name(number: int) -> str:
    return f"log/{number:08d}.json"
