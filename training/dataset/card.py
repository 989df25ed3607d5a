"""The README.md of a dataset: what it is, where it comes from, what may be done with it."""

from __future__ import annotations

from collections.abc import Iterable

from training.dataset.cleaning import CleaningReport, CleaningSettings
from training.dataset.records import ItemType
from training.teacher.records import Manifest

# Front matter as the Hugging Face hub reads it; `configs` lets load_dataset(FOLDER) find the notes.
FRONT_MATTER = """\
---
license: other
task_categories: [question-answering]
language: [en]
configs:
- config_name: default
  data_files: notes/*.jsonl
---
"""

_CARD = """\
# {name}

Question-answer items on clinical notes, written by a teacher model and cleaned by ChartSift, for
training small students. The answers are the teacher's; no person has checked them.

**Protected health information.** The notes stand here in full. Unless every one of them is
de-identified or invented, this folder, and every student trained on it, is to be kept, shared and
deleted as the notes themselves. No licence is granted here: the terms of the notes' source apply
(for MIMIC and n2c2 their data use agreements), and those of the teacher model.

## Source

| | |
|---|---|
| teacher | {model} |
| sampling | temperature {temperature:g}, top-p {top_p:g}, seed {seed} |
| prompts | version {prompt_version} |
{prompts}
| notes asked about | {notes}, {failed} requests given up{complete} |
| tokens | {prompt_tokens} read, {completion_tokens} written |

## Contents

| | {types} | items | notes | patients |
|---|{bars}---:|---:|---:|
{sides}

Split by patient (`held_out` {held_out:g}, `test` {test:g}, salt {salt!r}). Hash: `{hash}`.

## Cleaning

{settings}

{items_kept} of {items_read} items kept; {quotes_mended} quotes replaced by the note's own text, \
which differed in spaces or case{asked_again}.

| dropped because | items |
|---|---:|
{dropped}

## Reading

    datasets.load_dataset("json", data_files="notes/*.jsonl")

One note a line with its `items`; `dataset.json` holds the split and these figures.

## Method

Woo, Burkhart, Alsentzer, Beaulieu-Jones, "Synthetic data distillation enables the extraction of
clinical information at scale", npj Digital Medicine 2025 (medRxiv 2024.09.27.24314517).
"""


def card(name: str, manifest: Manifest, settings: CleaningSettings, report: CleaningReport) -> str:
    """Markdown; no text of any note."""
    sides = [
        [
            title,
            *(side.items[kind] for kind in ItemType),
            sum(side.items.values()),
            side.notes,
            side.patients,
        ]
        for title, side in (
            ("train", report.train),
            ("held out", report.held_out),
            ("test", report.test),
        )
    ]
    chosen = settings.model_dump(mode="json", exclude={"held_out", "test", "salt"})
    return FRONT_MATTER + _CARD.format(
        name=name,
        model=_cell(manifest.model),
        temperature=manifest.sampling.temperature,
        top_p=manifest.sampling.top_p,
        seed="none" if manifest.seed is None else manifest.seed,
        prompt_version=manifest.prompt_version,
        prompts=_rows((f"prompt {k.value}", f"`{hash}`") for k, hash in manifest.prompts.items()),
        notes=manifest.notes,
        failed=len(manifest.failed),
        complete="" if manifest.complete else "; the run had not come to its end",
        prompt_tokens=manifest.prompt_tokens,
        completion_tokens=manifest.completion_tokens,
        types=" | ".join(kind.value for kind in ItemType),
        bars="---:|" * len(ItemType),
        sides=_rows(sides),
        held_out=settings.held_out,
        test=settings.test,
        salt=settings.salt,
        hash=report.hash,
        settings=", ".join(f"{key} {value}" for key, value in chosen.items()),
        items_kept=report.items_kept,
        items_read=report.items_read,
        quotes_mended=report.quotes_mended,
        asked_again="; every question was asked a second time" if report.asked_again else "",
        dropped=_rows(report.dropped.items()),
    )


def _rows(rows: Iterable[Iterable[object]]) -> str:
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in row)} |" for row in rows)


def _cell(value: object) -> str:
    return " ".join(str(value).split()).replace("|", "\\|")
