"""What can be wrong with a student that answers elsewhere than in this process."""

from __future__ import annotations


class StudentUnavailable(Exception):
    """The server that a student runs on does not answer, is overloaded, or has lost the student:
    later, and no note's fault. retry_after: seconds, where the server said."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after
