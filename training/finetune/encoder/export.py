"""The trained network as two ONNX graphs, in int8."""

from __future__ import annotations

import tempfile
from pathlib import Path

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import Tensor, nn

from training.finetune.encoder.model import WIDTH, Reader

OPSET = 17


class _Lower(nn.Module):
    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self.reader = reader

    def forward(self, ids: Tensor, keep: Tensor) -> Tensor:
        return self.reader.encode(ids, keep)


class _Upper(nn.Module):
    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self.reader = reader

    def forward(self, states: Tensor, keep: Tensor, place: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.reader.join(states, keep, place))


def export(reader: Reader, folder: Path, int8: bool = True) -> None:
    """Writes lower.onnx and upper.onnx into `folder` (see shared.students.encoder.network)."""
    reader = reader.eval()
    batch = {0: "batch", 1: "length"}
    ids = torch.ones(2, 8, dtype=torch.long)
    keep = torch.ones(2, 8)
    states = torch.zeros(2, 8, WIDTH)
    lower = (_Lower(reader), (ids, keep), ["ids", "keep"], ["states"])
    heads = ["top", "verdict", "start", "end", "value"]
    upper = (_Upper(reader), (states, keep, ids), ["states", "keep", "place"], heads)
    for name, (module, inputs, input_names, output_names) in {
        "lower": lower,
        "upper": upper,
    }.items():
        axes = dict.fromkeys([*input_names, *output_names], batch) | {"verdict": {0: "batch"}}
        with tempfile.TemporaryDirectory() as scratch:
            plain = Path(scratch) / f"{name}.onnx"
            torch.onnx.export(
                module,
                inputs,
                str(plain),
                input_names=input_names,
                output_names=output_names,
                dynamic_axes={k: v for k, v in axes.items() if k in input_names + output_names},
                opset_version=OPSET,
                dynamo=False,
            )
            target = folder / f"{name}.onnx"
            if int8:
                quantize_dynamic(
                    plain,
                    target,
                    per_channel=True,
                    weight_type=QuantType.QInt8,
                    op_types_to_quantize=["MatMul", "Gather"],
                )
            else:
                target.write_bytes(plain.read_bytes())
