"""The two halves of the student network on ONNX Runtime."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime

from shared.students.encoder.passages import Ints, windows

Floats = npt.NDArray[np.float32]
WINDOWS_AT_ONCE = 8


@dataclass(frozen=True)
class Reading:
    """What the upper layers say of a batch of [question; chunks] sequences.

    verdict [B, 4]: logits of Yes, No, number, NA; start, end, value [B, L]: logits per token.
    """

    verdict: Floats
    start: Floats
    end: Floats
    value: Floats


@dataclass(frozen=True)
class States:
    """lower, top [T, width]: tokens after the lower layers, and after all (for the ranking)."""

    lower: Floats
    top: Floats


class Network:
    """lower.onnx (ids, keep -> states) and upper.onnx (states, keep, place -> top and heads)."""

    def __init__(self, folder: Path, threads: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1

        def session(name: str) -> onnxruntime.InferenceSession:
            return onnxruntime.InferenceSession(
                str(folder / name), options, providers=["CPUExecutionProvider"]
            )

        self._lower = session("lower.onnx")
        self._upper = session("upper.onnx")

    def question(self, ids: list[int]) -> States:
        keep = np.ones((1, len(ids)), dtype=np.float32)
        lower = self._encode(np.asarray([ids], dtype=np.int64), keep)
        return States(lower[0], self._top(lower, keep)[0])

    def note(self, ids: Ints, cls: int, sep: int) -> States:
        """ids [T] of the whole note, T >= 1; any length, in windows."""
        lowers: list[Floats] = []
        tops: list[Floats] = []
        parts = windows(len(ids))
        for at in range(0, len(parts), WINDOWS_AT_ONCE):
            group = parts[at : at + WINDOWS_AT_ONCE]
            batch = np.zeros((len(group), max(w.end - w.begin for w in group) + 2), np.int64)
            keep = np.zeros(batch.shape, np.float32)
            for i, w in enumerate(group):
                size = w.end - w.begin
                batch[i, : size + 2] = [cls, *ids[w.begin : w.end], sep]
                keep[i, : size + 2] = 1
            lower = self._encode(batch, keep)
            top = self._top(lower, keep)
            for i, w in enumerate(group):
                kept = slice(1 + w.keep_from - w.begin, 1 + w.keep_to - w.begin)
                lowers.append(lower[i, kept])
                tops.append(top[i, kept])
        return States(np.concatenate(lowers), np.concatenate(tops))

    def read(self, states: Floats, keep: Floats, place: Ints) -> Reading:
        """states [B, L, width], keep [B, L], place [B, L]: 0 question, else 1 + bucket."""
        names = ["verdict", "start", "end", "value"]
        outputs = self._upper.run(names, {"states": states, "keep": keep, "place": place})
        return Reading(*outputs)

    def _encode(self, ids: Ints, keep: Floats) -> Floats:
        (states,) = self._lower.run(["states"], {"ids": ids, "keep": keep})
        result: Floats = states
        return result

    def _top(self, lower: Floats, keep: Floats) -> Floats:
        # The ranking's vectors come from the same layers, without any place added.
        place = np.zeros(keep.shape, np.int64)
        (top,) = self._upper.run(["top"], {"states": lower, "keep": keep, "place": place})
        result: Floats = top
        return result
