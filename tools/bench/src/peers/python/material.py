"""Reads what all contenders of a work share; ../../suites/train/material.ts writes it."""

import json
import pathlib

import numpy
import torch


class Material:
    def __init__(self, folder):
        manifest = json.loads((pathlib.Path(folder) / "material.json").read_text())
        data = bytearray((pathlib.Path(folder) / "material.bin").read_bytes())
        self.training = manifest["training"]
        self.learning_rate = manifest["learningRate"]
        self.weight_decay = manifest["weightDecay"]
        arrays = {}
        for entry in manifest["entries"]:
            count = int(numpy.prod(entry["shape"], dtype=numpy.int64))
            kind = "<f4" if entry["dtype"] == "float32" else "<i4"
            array = numpy.frombuffer(data, kind, count, entry["offset"]).reshape(entry["shape"])
            arrays[entry["name"]] = torch.from_numpy(array)
        self.weights = {name: array for name, array in arrays.items() if "/" not in name}
        self.batches = [
            (self._inputs(arrays[f"inputs/{index}"]), arrays[f"labels/{index}"].long())
            for index in range(manifest["batches"])
        ]

    def _inputs(self, inputs):
        kind = self.training["model"]["kind"]
        if kind == "gpt":
            return inputs.long()
        # PyTorch's images are [batch, channels, height, width].
        return inputs.permute(0, 3, 1, 2).contiguous() if kind == "cnn" else inputs
