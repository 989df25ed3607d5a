"""What ends a run of the teacher. Each message names cause and cure, never text of a note."""

from __future__ import annotations


class TeacherError(Exception):
    """The run cannot start or go on; what it has got so far is kept."""


class HostRefusedError(TeacherError):
    """The teacher's host is not one that notes may be sent to."""


class TeacherUnreachableError(TeacherError):
    """Nothing answers at the teacher's address, or it answers nothing but faults."""


class TeacherRefusedError(TeacherError):
    """The server answers and will not serve: a wrong key, an unknown model, a redirect."""


class TeacherFolderError(TeacherError):
    """The folder belongs to other settings or notes, is in use, or cannot be read or written."""
