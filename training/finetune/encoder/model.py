"""The student network: a sentence encoder turned into a reader of note passages.

The lower layers read note and question apart (a note once for all questions, a question once for
all notes); the upper layers read a question together with the chunks of the note that rank best
for it. The same upper layers, run over note and question apart, give the vectors of the ranking.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

from shared.students.encoder.passages import CHUNK, DOCUMENT_BUCKETS

WIDTH, HEADS, LAYERS, INNER, VOCABULARY, POSITIONS = 384, 12, 6, 1536, 30522, 512
LOWER_LAYERS = 2


class Layer(nn.Module):
    """One post-norm transformer layer of BERT (Devlin et al. 2019)."""

    def __init__(self) -> None:
        super().__init__()
        self.query = nn.Linear(WIDTH, WIDTH)
        self.key = nn.Linear(WIDTH, WIDTH)
        self.value = nn.Linear(WIDTH, WIDTH)
        self.out = nn.Linear(WIDTH, WIDTH)
        self.norm1 = nn.LayerNorm(WIDTH, eps=1e-12)
        self.inner = nn.Linear(WIDTH, INNER)
        self.outer = nn.Linear(INNER, WIDTH)
        self.norm2 = nn.LayerNorm(WIDTH, eps=1e-12)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """x [B, L, WIDTH]; mask [B, 1, 1, L], 0 where a token counts, else very negative."""
        batch, length, _ = x.shape

        def heads(t: Tensor) -> Tensor:
            return t.view(batch, length, HEADS, WIDTH // HEADS).transpose(1, 2)

        q, k, v = heads(self.query(x)), heads(self.key(x)), heads(self.value(x))
        # Plain matrix products: in bf16 on a CPU 2.5 times as fast as the fused attention.
        scores = (q * (WIDTH // HEADS) ** -0.5) @ k.transpose(-1, -2) + mask.to(q.dtype)
        attended = scores.softmax(-1) @ v
        attended = attended.transpose(1, 2).reshape(batch, length, WIDTH)
        x = self.norm1(x + self.out(attended))
        hidden: Tensor = self.norm2(x + self.outer(F.gelu(self.inner(x))))
        return hidden


class Reading(NamedTuple):
    """top [B, L, WIDTH]; verdict [B, 4] (see CLASSES); start, end, value [B, L] logits."""

    top: Tensor
    verdict: Tensor
    start: Tensor
    end: Tensor
    value: Tensor


def _mask(keep: Tensor) -> Tensor:
    return (1.0 - keep.float())[:, None, None, :] * -1e4


class Reader(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(VOCABULARY, WIDTH)
        self.positions = nn.Embedding(POSITIONS, WIDTH)
        self.norm = nn.LayerNorm(WIDTH, eps=1e-12)
        self.lower = nn.ModuleList(Layer() for _ in range(LOWER_LAYERS))
        self.upper = nn.ModuleList(Layer() for _ in range(LAYERS - LOWER_LAYERS))
        # Added where question and note meet: who speaks, and where in the note.
        self.place = nn.Embedding(DOCUMENT_BUCKETS + 1, WIDTH, padding_idx=0)
        nn.init.zeros_(self.place.weight)
        self.attend = nn.Linear(WIDTH, 1)
        self.verdict = nn.Sequential(nn.Linear(2 * WIDTH, WIDTH), nn.GELU(), nn.Linear(WIDTH, 4))
        self.span = nn.Linear(WIDTH, 2)
        self.value = nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.GELU(), nn.Linear(WIDTH, 1))
        # Ranking: mixes the sentence vectors' cosine with a word-by-word match.
        self.rank_mix = nn.Parameter(torch.tensor([10.0, 10.0]))

    def encode(self, ids: Tensor, keep: Tensor) -> Tensor:
        """Lower layers. ids, keep [B, L] -> [B, L, WIDTH]."""
        positions = torch.arange(ids.shape[1], device=ids.device)
        x: Tensor = self.norm(self.words(ids) + self.positions(positions)[None])
        mask = _mask(keep)
        for layer in self.lower:
            x = layer(x, mask)
        return x

    def join(self, x: Tensor, keep: Tensor, place: Tensor) -> Reading:
        """Upper layers and heads. x [B, L, WIDTH]; place [B, L]: 0 question, else 1 + bucket."""
        mask = _mask(keep)
        note = keep * (place > 0).to(keep.dtype)
        x = x + self.place(place)
        for layer in self.upper:
            x = layer(x, mask)
        weight = self.attend(x).squeeze(-1).float() + (1.0 - note.float()) * -1e4
        pooled = (weight.softmax(-1).to(x.dtype)[:, None, :] @ x).squeeze(1)
        verdict = self.verdict(torch.cat([x[:, 0], pooled], -1))
        span = self.span(x)
        return Reading(x, verdict, span[..., 0], span[..., 1], self.value(x).squeeze(-1))

    def top(self, x: Tensor, keep: Tensor) -> Tensor:
        """Upper layers over note or question alone: the vectors of the ranking."""
        mask = _mask(keep)
        for layer in self.upper:
            x = layer(x, mask)
        return x

    def rank(self, question: Tensor, keep: Tensor, note: Tensor) -> Tensor:
        """Scores of the note's passages. question [B, Lq, WIDTH] (top), note [T, WIDTH] (top)
        -> [B, P]; passage p is the chunks p and p + 1."""
        mean_q = F.normalize((question * keep[..., None]).sum(1), dim=-1)
        chunks = math.ceil(note.shape[0] / CHUNK)
        padded = F.pad(note, (0, 0, 0, chunks * CHUNK - note.shape[0])).view(chunks, CHUNK, WIDTH)
        sums = padded.sum(1)
        whole = F.normalize(sums[:-1] + sums[1:] if chunks > 1 else sums, dim=-1)
        match = F.normalize(question, dim=-1) @ F.normalize(padded, dim=-1).view(-1, WIDTH).T
        match = match.view(question.shape[0], -1, chunks, CHUNK).amax(-1)
        if chunks > 1:
            match = torch.maximum(match[..., :-1], match[..., 1:])
        words = (match * keep[..., None]).sum(1) / keep.sum(1)[:, None]
        return self.rank_mix[0] * (mean_q @ whole.T) + self.rank_mix[1] * words

    def load_pretrained(self, folder: Path) -> None:
        """Takes over a BERT-layout checkpoint (model.safetensors of all-MiniLM-L6-v2)."""
        weights = load_file(folder / "model.safetensors")
        state = {
            "words.weight": weights["embeddings.word_embeddings.weight"],
            "positions.weight": weights["embeddings.position_embeddings.weight"],
            "norm.weight": weights["embeddings.LayerNorm.weight"],
            "norm.bias": weights["embeddings.LayerNorm.bias"],
        }
        # The sentence encoder has one token type; its vector belongs to every position.
        state["positions.weight"] = (
            state["positions.weight"] + weights["embeddings.token_type_embeddings.weight"][0]
        )
        names = {
            "query": "attention.self.query",
            "key": "attention.self.key",
            "value": "attention.self.value",
            "out": "attention.output.dense",
            "norm1": "attention.output.LayerNorm",
            "inner": "intermediate.dense",
            "outer": "output.dense",
            "norm2": "output.LayerNorm",
        }
        for i in range(LAYERS):
            ours = f"lower.{i}" if i < LOWER_LAYERS else f"upper.{i - LOWER_LAYERS}"
            for mine, theirs in names.items():
                for part in ("weight", "bias"):
                    state[f"{ours}.{mine}.{part}"] = weights[f"encoder.layer.{i}.{theirs}.{part}"]
        missing, unexpected = self.load_state_dict(state, strict=False)
        heads = ("place", "attend", "verdict", "span", "value", "rank_mix")
        if unexpected or any(not name.startswith(heads) for name in missing):
            raise ValueError(f"{folder} is not an all-MiniLM-L6-v2 checkpoint: {missing}")
