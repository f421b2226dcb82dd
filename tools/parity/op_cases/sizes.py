"""Sizes that fit no vector, tile or group of a device, and a few beyond one of each."""

import torch
import torch.nn.functional as F

from kernel_cases import convolution, losses, normalisation, pooling, products, selection, sequences
from kernel_cases.recording import case


def of_one():
    def one(name, op, f, shape, args=None):
        return case(f"{op}, {name}", op, lambda x: f(x), {"x": shape}, args=args)

    yield one("1031 numbers", "relu", F.relu, (1031,))
    yield one("1031 numbers", "gelu", F.gelu, (1031,))
    yield one("33 by 65", "transpose", lambda x: x.t(), (33, 65), {"perm": [1, 0]})
    yield one("1031 numbers", "sum", lambda x: x.sum(0), (1031,), {"axis": [0], "keepDims": False})
    yield one("257 rows", "sum", lambda x: x.sum(0), (257, 5), {"axis": [0], "keepDims": False})
    yield one("rows of 257", "mean", lambda x: x.mean(1), (5, 257), {"axis": [1], "keepDims": False})
    yield one("rows of 257", "max", lambda x: x.amax(1), (3, 257), {"axis": [1]})
    yield one("rows of 130", "cumsum", selection.running(1, False, False), (3, 130), {"axis": 1, "exclusive": False, "reverse": False})
    yield one("rows of 130", "softplus", F.softplus, (3, 130))


def of_two():
    yield case("add, 1031 numbers", "add", lambda a, b: torch.add(a, b), {"a": (1031,), "b": (1031,)})
    yield case("multiply, 33 rows of 65 by a row", "multiply", lambda a, b: torch.mul(a, b), {"a": (33, 65), "b": (65,)})
    yield case("sub, 33 rows of 65 by a column", "sub", lambda a, b: torch.sub(a, b), {"a": (33, 1), "b": (33, 65)})


def larger():
    for rows, depth, columns in [(65, 33, 17), (3, 130, 70), (129, 1, 5), (1, 257, 1)]:
        yield products.matmul(f"{rows} × {depth} × {columns}", (rows, depth), (depth, columns), False, False)
        yield products.linear(f"{rows} × {depth} × {columns}", {"x": (rows, depth), "weight": (depth, columns), "bias": (columns,)})
    shapes = {"x": (2, 11, 9, 5), "filter": (3, 3, 5, 7)}
    yield convolution.convolve("11 by 9 pixels, 5 to 7 channels", "conv2d", shapes, pad="same")
    yield convolution.convolve("11 by 9 pixels, 5 to 7 channels", "biasedConv2d", shapes | {"bias": (7,)})
    yield pooling.pooling("maxPool", "17 by 19 pixels", (1, 17, 19, 3), (3, 3), (2, 2), "valid")
    yield pooling.pooling("avgPool", "17 by 19 pixels", (1, 17, 19, 3), (3, 3), (2, 2), "valid")
    yield normalisation.layer_norm("rows of 257", {"x": (5, 257), "gamma": (257,), "beta": (257,)})
    yield from normalisation.batch_norm("130 rows", {"x": (130, 7), "gamma": (7,), "beta": (7,)})
    labels = torch.arange(5, dtype=torch.int64) * 61
    yield losses.classes("300 classes", (5, 300), labels, None, 0.1)
    yield losses.probabilities("300 classes", {"logits": (3, 300), "targets": (3, 300)}, 0.1)
    yield sequences.attention("33 queries, 17 keys", sequences.shapes(1, 2, 33, 17, 8, 5), 2, 0)
    yield sequences.attention("65 of each", sequences.shapes(1, 1, 65, 65, 4, 4), 1, 0)
    yield case(
        "embedding, 40 of 300 rows",
        "embedding",
        lambda table, ids: table[ids],
        {"table": (300, 5)},
        constants={"ids": (torch.arange(40, dtype=torch.int64) * 37) % 300},
    )


def cases():
    yield from of_one()
    yield from of_two()
    yield from larger()
