"""A teacher folder, and notes with items of every type."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from training.dataset import ItemType
from training.notes.records import SourceNote
from training.teacher.records import Manifest, Reply
from training.teacher.settings import ItemCounts, Sampling

Raw = dict[str, object]


def text_of(number: int) -> str:
    return f"Visit {number}. She smokes. No asthma. Platelets {100 + number}."


def raw_items(number: int) -> dict[ItemType, list[Raw]]:
    """One question of each type, two of boolean; all of them sound."""
    return {
        ItemType.BOOLEAN: [
            {"question": "Smoker?", "answer": "Yes", "quote": "She smokes", "difficulty": 3},
            {"question": "Asthma?", "answer": "No", "quote": "No asthma", "difficulty": 5},
        ],
        ItemType.NUMERIC: [
            {
                "question": "Platelets?",
                "answer": str(100 + number),
                "unit": "10*3/uL",
                "quote": f"Platelets {100 + number}",
                "difficulty": 1,
            }
        ],
        ItemType.NA_BOOLEAN: [{"question": "Pregnant?", "answer": "NA", "difficulty": 7}],
        ItemType.NA_NUMERIC: [
            {"question": "Weight?", "answer": "NA", "unit": "kg", "difficulty": 9}
        ],
    }


@pytest.fixture
def generated(tmp_path: Path) -> Callable[..., Path]:
    """Writes a teacher folder of `patients` notes; `replies(number)` gives what was replied on
    each, by type: items, or the text of the reply."""

    def write(
        patients: int = 60,
        replies: Callable[[int], Mapping[ItemType, list[Raw] | str]] = raw_items,
        text: Callable[[int], str] = text_of,
        complete: bool = True,
    ) -> Path:
        folder = tmp_path / "generated"
        folder.mkdir(exist_ok=True)
        with (folder / "notes.jsonl").open("w") as notes, (folder / "replies.jsonl").open("w") as r:
            for number in range(patients):
                note = SourceNote(id=f"N-{number:04}", patient_id=f"P-{number}", text=text(number))
                notes.write(note.model_dump_json() + "\n")
                for kind, said in replies(number).items():
                    reply = Reply(
                        note_id=note.id,
                        kind=kind,
                        text=said if isinstance(said, str) else json.dumps({"items": said}),
                        finish_reason="stop",
                        attempts=1,
                        prompt_tokens=100,
                        completion_tokens=50,
                    )
                    r.write(reply.model_dump_json() + "\n")
        manifest = Manifest(
            model="a-teacher|70b",
            server="http://127.0.0.1:8000/v1",
            structured=True,
            prompt_version="1",
            prompts={kind: f"{kind.value}-hash" for kind in ItemType},
            sampling=Sampling(),
            seed=0,
            items=ItemCounts(),
            started=datetime(2026, 1, 1, tzinfo=UTC),
            seconds=1,
            requests=patients * 4,
            prompt_tokens=patients * 400,
            completion_tokens=patients * 200,
            prices=None,
            cost=None,
            notes=patients,
            done=patients,
            failed=(),
            complete=complete,
        )
        (folder / "manifest.json").write_text(manifest.model_dump_json())
        return folder

    return write
