"""How long work says where it stands."""

from __future__ import annotations

from collections.abc import Callable

Say = Callable[[str], None]
"""Takes one line for a person to read; never text of a note."""
