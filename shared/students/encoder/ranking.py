"""Which passages of a note are worth reading for a question."""

from __future__ import annotations

import numpy as np

from shared.students.encoder.network import Floats
from shared.students.encoder.passages import CHUNK


class RankedNote:
    """The note's side of the ranking, computed once for all questions. top [T, width]."""

    def __init__(self, top: Floats) -> None:
        chunks = -(-len(top) // CHUNK)
        padded = np.zeros((chunks * CHUNK, top.shape[1]), np.float32)
        padded[: len(top)] = top
        sums = padded.reshape(chunks, CHUNK, -1).sum(1)
        self._whole = _unit(sums[:-1] + sums[1:] if chunks > 1 else sums)
        self._tokens = _unit(padded)
        self._chunks = chunks

    def scores(self, question: Floats, mix: tuple[float, float]) -> Floats:
        """question [Lq, width] (top) -> [P]: the cosine of the sentence vectors and the mean best
        match of each question token (Khattab & Zaharia 2020), mixed as trained."""
        match = _unit(question) @ self._tokens.T
        best = match.reshape(len(question), self._chunks, CHUNK).max(-1)
        if self._chunks > 1:
            best = np.maximum(best[:, :-1], best[:, 1:])
        mean = _unit(question.sum(0, keepdims=True))[0]
        scores: Floats = mix[0] * (self._whole @ mean) + mix[1] * best.mean(0)
        return scores


def _unit(x: Floats) -> Floats:
    result: Floats = x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), 1e-12)
    return result
