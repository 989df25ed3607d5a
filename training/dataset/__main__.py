"""Checks a folder of notes and prints what it holds.

python -m training.dataset training/data/teacher/notes
"""

from __future__ import annotations

import sys
from pathlib import Path

from training.dataset import DatasetError, check_notes, read_notes, summarize


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: python -m training.dataset FOLDER", file=sys.stderr)
        return 2
    try:
        notes = read_notes(Path(arguments[0]))
    except DatasetError as error:
        print(error, file=sys.stderr)
        return 1
    problems = list(check_notes(notes))
    print(*problems, summarize(notes), f"problems: {len(problems)}", sep="\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
