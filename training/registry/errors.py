"""What a registry refuses; the messages name cause and cure."""

from __future__ import annotations


class RegistryError(Exception):
    """Base of all: the registry is as it was before."""


class RegistryUnavailable(RegistryError):
    """The store does not answer, refuses or is full."""


class UnknownStudent(RegistryError):
    """No student of this version was ever added."""


class DamagedRegistry(RegistryError):
    """The log has a gap or an event that cannot be read."""


class DamagedStudent(RegistryError):
    """A file of a stored student is missing or altered. file: its name in the student's folder."""

    def __init__(self, version: str, file: str, fault: str) -> None:
        super().__init__(
            f"{version}: {file} {fault}. To store this student anew, delete "
            f"students/{version}/.complete in the registry and add its folder again"
        )
        self.version, self.file = version, file


class NotPromotable(RegistryError):
    """The gate said no, its decision is about another student, or there is none to go back to."""


class PromotionConflict(RegistryError):
    """Another student came into service meanwhile."""
