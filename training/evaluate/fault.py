"""The root of what evaluations refuse."""

from __future__ import annotations


class EvaluationError(ValueError):
    """Something cannot be evaluated. Messages name cause and cure, never text of a note."""
