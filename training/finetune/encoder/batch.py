"""One training step's forward pass: all drawn items of one note, and their losses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from shared.students.encoder.network import Floats
from shared.students.encoder.passages import (
    CHUNK,
    Ints,
    choose_chunks,
    chunk_count,
    document_bucket,
    windows,
)
from training.finetune.encoder.examples import NA, NUMBER, EncodedNote, Target
from training.finetune.encoder.model import Reader, Reading

CLS, SEP = 101, 102


@dataclass(frozen=True)
class NoteStates:
    """lower, top [T, WIDTH]: the note through the lower layers, and through all."""

    lower: Tensor
    top: Tensor


@dataclass(frozen=True)
class Joined:
    """What the upper layers read. tokens [B, N]: note token of each place after the question,
    -1 for padding; offset: where the note begins in the sequence."""

    reading: Reading
    tokens: Ints
    offset: int
    ranks: Tensor


def note_states(model: Reader, note: EncodedNote) -> NoteStates:
    parts = windows(len(note.tokens))
    longest = max(w.end - w.begin for w in parts) + 2
    ids = torch.zeros(len(parts), longest, dtype=torch.long)
    keep = torch.zeros(len(parts), longest)
    for i, w in enumerate(parts):
        piece = torch.from_numpy(note.tokens.ids[w.begin : w.end])
        ids[i, 0] = CLS
        ids[i, 1 : 1 + len(piece)] = piece
        ids[i, 1 + len(piece)] = SEP
        keep[i, : len(piece) + 2] = 1
    lower = model.encode(ids, keep)
    top = model.top(lower, keep)

    def flat(x: Tensor) -> Tensor:
        kept = [
            x[i, 1 + w.keep_from - w.begin : 1 + w.keep_to - w.begin] for i, w in enumerate(parts)
        ]
        return torch.cat(kept)

    return NoteStates(flat(lower), flat(top))


def join(
    model: Reader,
    note: EncodedNote,
    states: NoteStates,
    questions: list[list[int]],
    targets: list[Target] | None,
    passages: int,
) -> Joined:
    """Ranks the passages for each question and reads the best with it. With `targets`, the
    passage of the evidence is always among them."""
    longest = max(map(len, questions))
    ids = torch.zeros(len(questions), longest, dtype=torch.long)
    keep = torch.zeros(len(questions), longest)
    for i, q in enumerate(questions):
        ids[i, : len(q)] = torch.tensor(q)
        keep[i, : len(q)] = 1
    q_lower = model.encode(ids, keep)
    q_top = model.top(q_lower, keep)
    ranks = model.rank(q_top.float(), keep, states.top.float())
    length = len(note.tokens)
    chosen = []
    for i, scores in enumerate(ranks.detach().numpy().copy()):
        if targets is not None:
            for p in gold_passages(targets[i], note, length)[:1]:
                scores[p] = np.inf
        chosen.append(chosen_tokens(scores, length, passages))
    width = max(map(len, chosen))
    tokens = np.full((len(questions), width), -1, dtype=np.int64)
    for i, c in enumerate(chosen):
        tokens[i, : len(c)] = c
    index = torch.from_numpy(np.maximum(tokens, 0))
    present = torch.from_numpy(tokens >= 0).float()
    buckets = torch.from_numpy(document_bucket(length) + 1)
    x = torch.cat([q_lower, states.lower[index]], 1)
    place = torch.cat([torch.zeros_like(ids), buckets[index]], 1)
    reading = model.join(x, torch.cat([keep, present], 1), place)
    return Joined(reading, tokens, longest, ranks)


def chosen_tokens(scores: Floats, length: int, passages: int) -> Ints:
    chunks = choose_chunks(scores, passages)
    tokens = (chunks[:, None] * CHUNK + np.arange(CHUNK)[None]).ravel()
    kept: Ints = tokens[tokens < length]
    return kept


def gold_passages(target: Target, note: EncodedNote, length: int) -> list[int]:
    """Passages that hold the whole evidence, or else its first token; a number's first of all."""
    if target.evidence is None:
        return []
    first, last = target.evidence
    if target.values:
        first = last = int(note.numbers[target.values[0]])
    most = max(chunk_count(length) - 2, 0)
    a, b = first // CHUNK, last // CHUNK
    inside = [p for p in (a - 1, a) if p <= a and b <= p + 1 and 0 <= p <= most]
    return inside or [min(a, most)]


def losses(
    note: EncodedNote, joined: Joined, targets: list[Target], numeric: list[bool]
) -> dict[str, Tensor]:
    """verdict, evidence, value and rank cross-entropies, each a mean over the items it is for."""
    reading, offset = joined.reading, joined.offset
    wanted = torch.tensor([t.verdict for t in targets])
    possible = torch.zeros(len(targets), 4)
    for i, n in enumerate(numeric):
        possible[i, :NUMBER] = -1e4 if n else 0.0
        possible[i, NUMBER] = 0.0 if n else -1e4
    verdict = torch.nn.functional.cross_entropy(reading.verdict.float() + possible, wanted)
    evidence: list[Tensor] = []
    value: list[Tensor] = []
    rank: list[Tensor] = []
    start = reading.start[:, offset:].float()
    end = reading.end[:, offset:].float()
    values = reading.value[:, offset:].float()
    present = torch.from_numpy(joined.tokens >= 0)
    start = start.masked_fill(~present, -1e4).log_softmax(-1)
    end = end.masked_fill(~present, -1e4).log_softmax(-1)
    log_rank = joined.ranks.log_softmax(-1)
    for i, t in enumerate(targets):
        if t.verdict == NA or t.evidence is None:
            continue
        gold = gold_passages(t, note, len(note.tokens))
        rank.append(-log_rank[i, gold].logsumexp(0))
        place = {int(tok): j for j, tok in enumerate(joined.tokens[i]) if tok >= 0}
        first = next(
            (place[x] for x in range(t.evidence[0], t.evidence[1] + 1) if x in place), None
        )
        last = next(
            (place[x] for x in range(t.evidence[1], t.evidence[0] - 1, -1) if x in place), None
        )
        if first is not None and last is not None:
            evidence.append(-(start[i, first] + end[i, last]) / 2)
        right = [place[int(note.numbers[v])] for v in t.values if int(note.numbers[v]) in place]
        if right:
            every = [place[int(n)] for n in note.numbers if int(n) in place]
            value.append(values[i, every].logsumexp(0) - values[i, right].logsumexp(0))
    zero = verdict.new_zeros(())
    return {
        "verdict": verdict,
        "evidence": torch.stack(evidence).mean() if evidence else zero,
        "value": torch.stack(value).mean() if value else zero,
        "rank": torch.stack(rank).mean() if rank else zero,
    }
