"""The models of ../../suites/train/models.ts in PyTorch's own words, with the weights that all contenders begin with."""

import torch
from torch import nn
from torch.nn import functional


def _fill(parameter, values):
    with torch.no_grad():
        parameter.copy_(values)


def _dense(weights, name):
    weight = weights[f"{name}.weight"]
    layer = nn.Linear(weight.shape[0], weight.shape[1])
    _fill(layer.weight, weight.T)
    _fill(layer.bias, weights[f"{name}.bias"])
    return layer


def _convolution(weights, name):
    weight = weights[f"{name}.weight"]
    layer = nn.Conv2d(weight.shape[2], weight.shape[3], 3)
    _fill(layer.weight, weight.permute(3, 2, 0, 1))
    _fill(layer.bias, weights[f"{name}.bias"])
    return layer


def _mlp(_model, weights):
    first, second, head = (_dense(weights, name) for name in ("dense1", "dense2", "head"))
    return nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), head)


def _cnn(model, weights):
    conv1, conv2 = _convolution(weights, "conv1"), _convolution(weights, "conv2")
    dense, head = _dense(weights, "dense"), _dense(weights, "head")
    # Flattened images are [channels, height, width] here, and [height, width, channels] in the common weights.
    size, channels = (model["image"] - 4) // 2, model["filters"][1]
    common = weights["dense.weight"].reshape(size, size, channels, -1)
    _fill(dense.weight, common.permute(3, 2, 0, 1).reshape(dense.weight.shape))
    return nn.Sequential(
        conv1, nn.ReLU(), conv2, nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), dense, nn.ReLU(), head
    )


class _Block(nn.Module):
    def __init__(self, model, weights, name):
        super().__init__()
        self.heads = model["heads"]
        self.norm1, self.norm2 = _norm(weights, f"{name}.norm1"), _norm(weights, f"{name}.norm2")
        # One layer, as is usual: one product instead of three.
        self.query_key_value = nn.Linear(model["width"], 3 * model["width"])
        parts = [f"{name}.{part}" for part in ("query", "key", "value")]
        _fill(self.query_key_value.weight, torch.cat([weights[f"{part}.weight"].T for part in parts]))
        _fill(self.query_key_value.bias, torch.cat([weights[f"{part}.bias"] for part in parts]))
        self.output = _dense(weights, f"{name}.output")
        self.widen, self.narrow = _dense(weights, f"{name}.widen"), _dense(weights, f"{name}.narrow")

    def forward(self, x):
        x = x + self._attend(self.norm1(x))
        return x + self.narrow(functional.gelu(self.widen(self.norm2(x))))

    def _attend(self, x):
        batch, length, width = x.shape
        parts = self.query_key_value(x).split(width, dim=2)
        query, key, value = (
            part.view(batch, length, self.heads, width // self.heads).transpose(1, 2) for part in parts
        )
        y = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        return self.output(y.transpose(1, 2).reshape(batch, length, width))


def _norm(weights, name):
    layer = nn.LayerNorm(weights[f"{name}.weight"].shape[0])
    _fill(layer.weight, weights[f"{name}.weight"])
    _fill(layer.bias, weights[f"{name}.bias"])
    return layer


class _Gpt(nn.Module):
    def __init__(self, model, weights):
        super().__init__()
        self.tokens = nn.Embedding(model["vocabulary"], model["width"])
        self.positions = nn.Parameter(weights["positions"].clone())
        _fill(self.tokens.weight, weights["tokens"])
        self.blocks = nn.Sequential(*(_Block(model, weights, f"block{layer}") for layer in range(model["layers"])))
        self.norm = _norm(weights, "norm")
        self.head = _dense(weights, "head")

    def forward(self, ids):
        return self.head(self.norm(self.blocks(self.tokens(ids) + self.positions)))


class _Lstm(nn.Module):
    def __init__(self, model, weights):
        super().__init__()
        self.lstm = nn.LSTM(model["inputs"], model["hidden"], model["layers"], batch_first=True)
        for layer in range(model["layers"]):
            _fill(getattr(self.lstm, f"weight_ih_l{layer}"), weights[f"lstm{layer}.inputWeight"].T)
            _fill(getattr(self.lstm, f"weight_hh_l{layer}"), weights[f"lstm{layer}.hiddenWeight"].T)
            _fill(getattr(self.lstm, f"bias_ih_l{layer}"), weights[f"lstm{layer}.inputBias"])
            _fill(getattr(self.lstm, f"bias_hh_l{layer}"), weights[f"lstm{layer}.hiddenBias"])
        self.head = _dense(weights, "head")

    def forward(self, x):
        return self.head(self.lstm(x)[0][:, -1])


_KINDS = {"mlp": _mlp, "cnn": _cnn, "gpt": _Gpt, "lstm": _Lstm}


def build(material):
    model = material.training["model"]
    return _KINDS[model["kind"]](model, material.weights)


def loss_of(model, inputs, labels):
    logits = model(inputs)
    return functional.cross_entropy(logits.reshape(-1, logits.shape[-1]), labels.reshape(-1))


def optimizer_of(material, model):
    if material.training["optimizer"] == "adam":
        return torch.optim.Adam(model.parameters(), lr=material.learning_rate)
    return torch.optim.AdamW(model.parameters(), lr=material.learning_rate, weight_decay=material.weight_decay)
