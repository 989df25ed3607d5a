"""What the demo shows in the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from services.demo.comparison import Outcome
from services.demo.findings import CriterionFound, Screened
from services.demo.hospital import SamplePatient
from training.evaluate.scoring import Metric, Pair, count, measure

STYLES = {"eligible": "bold green", "ineligible": "bold red", "potential-candidate": "bold yellow"}
WORDS = {"potential-candidate": "potential candidate"}
STATUS = {"met": "yes", "not-met": "no", "unknown": "open"}
QUOTE_WIDTH = 100  # characters of a quote that are shown

METRICS = {
    Metric.THREE_CLASS_BALANCED_ACCURACY: "balanced accuracy over Yes, No and NA",
    Metric.YES_BALANCED_ACCURACY: "balanced accuracy of Yes against the rest",
    Metric.YES_PRECISION: "precision of Yes",
    Metric.NUMERIC_ACCURACY: "numbers right",
    Metric.NUMERIC_GIVEN_ACCURACY: "numbers right where the note gives one",
    Metric.NUMERIC_WITHIN_TOLERANCE: "numbers within 5 % where the note gives one",
    Metric.QUOTE_VERBATIM_RATE: "quotes that stand in the note word for word",
}


def print_patients(
    console: Console,
    patients: Iterable[SamplePatient],
    screened: Iterable[Screened],
    titles: Mapping[str, str],
    note_ids: Mapping[str, str],
) -> None:
    """Each patient and study: the outcome and the criteria that decided, with their quotes.

    titles: study id -> title. note_ids: DocumentReference id -> the hospital's number of a note.
    """
    by_patient: dict[str, list[Screened]] = {}
    for one in screened:
        by_patient.setdefault(one.patient_id, []).append(one)
    for patient in patients:
        console.rule(
            f"[bold]{patient.mrn}[/] {patient.given} {patient.family}, {patient.sex}, "
            f"born {patient.birthDate}",
            align="left",
        )
        for one in by_patient.get(patient.id, []):
            console.print(
                Text.assemble(
                    (WORDS.get(one.status, one.status), STYLES.get(one.status, "bold")),
                    f"  {titles[one.study]}",
                )
            )
            for line in _deciding(one, note_ids):
                console.print(Padding(line, (0, 0, 0, 2)))


def _deciding(one: Screened, note_ids: Mapping[str, str]) -> Iterator[RenderableType]:
    deciding = [criterion for criterion in one.criteria if criterion.deciding]
    shown = [c for c in deciding if c.status != "unknown" or (c.proposed and c.evidence)]
    for criterion in shown:
        yield from _criterion(criterion, note_ids)
    if silent := [criterion.id for criterion in deciding if criterion not in shown]:
        line = Table.grid(Column(width=8, style="yellow"), Column())
        line.add_row("open", f"no answer found: {', '.join(silent)}")
        yield line


def _criterion(criterion: CriterionFound, note_ids: Mapping[str, str]) -> Iterator[RenderableType]:
    status = "review" if criterion.status == "unknown" else STATUS[criterion.status]
    line = Table.grid(Column(width=8, style="bold"), Column())
    line.add_row(status, criterion.text)
    yield line
    for evidence in dict.fromkeys(criterion.evidence):
        quote = " ".join(evidence.quote.split())
        if len(quote) > QUOTE_WIDTH:
            quote = quote[: QUOTE_WIDTH - 1] + "…"
        note = note_ids.get(evidence.document_id, evidence.document_id)
        cited = Text.assemble(
            f"{evidence.question}: {evidence.answer}  ",
            (f"“{quote}”", "italic"),
            (f"  {note}", "dim"),
        )
        yield Padding(cited, (0, 0, 0, 8))


_QUESTIONS_TITLE = (
    "Answers on the FHIR server beside the key: right / expected, by what the key says\n"
    "(disputed questions are not scored)"
)


def print_questions(console: Console, pairs: Sequence[Pair]) -> None:
    """How the answers compare with the key, question by question, and all together."""
    kinds = ("Yes", "No", "number", "NA")
    table = Table("question", *kinds, "all", title=_QUESTIONS_TITLE, title_justify="left", box=None)
    table.columns[0].no_wrap = True
    for column in table.columns[1:]:
        column.justify = "right"
    for question in dict.fromkeys(pair.question for pair in pairs):
        of = [pair for pair in pairs if pair.question == question]
        of_kind = [[pair for pair in of if _kind(pair) == kind] for kind in kinds]
        table.add_row(question, *(_share(group) for group in [*of_kind, of]))
    console.print(table)
    console.print(f"\n[bold]{_right(pairs)} of {len(pairs)}[/] answers are those of the key.")
    for metric, value in measure(count(pairs)).items():
        shown = "none" if np.isnan(value) else f"{float(value):.2f}"
        console.print(f"  {shown}  {METRICS[metric]}")


def print_outcomes(console: Console, outcomes: Sequence[Outcome]) -> None:
    """Eligibility for the study with intended outcomes, patient by patient."""
    table = Table(
        "patient", "intended", "got", "", title="Eligibility", title_justify="left", box=None
    )
    for one in outcomes:
        got = one.got or "none"
        table.add_row(
            one.patient.mrn,
            WORDS.get(one.patient.intended, one.patient.intended),
            Text(WORDS.get(got, got), STYLES.get(got, "")),
            "" if one.right else "differs",
        )
    console.print(table)
    right = sum(one.right for one in outcomes)
    console.print(f"\n[bold]{right} of {len(outcomes)}[/] patients have the intended eligibility.")


def _kind(pair: Pair) -> str:
    return "number" if isinstance(pair.expected, float) else pair.expected.value


def _share(pairs: Sequence[Pair]) -> str:
    return f"{_right(pairs)}/{len(pairs)}" if pairs else ""


def _right(pairs: Iterable[Pair]) -> int:
    return sum(pair.right for pair in pairs)
