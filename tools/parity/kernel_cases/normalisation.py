"""Layer and batch normalisation, the latter in training and by given statistics; channels are last."""

import torch
import torch.nn.functional as F

from .recording import INF, NAN, case


def layer(axes, epsilon):
    def f(x, gamma=None, beta=None):
        shape = x.shape[x.dim() - axes :]
        return F.layer_norm(x, shape, gamma, beta, epsilon)

    return f


def layer_norm(name, inputs, axes=1, epsilon=1e-5, **more):
    return case(f"layer norm, {name}", "layerNorm", layer(axes, epsilon), inputs, args={"axes": axes, "epsilon": epsilon}, **more)


def layer_norms():
    for shape, axes in [((3, 5), 1), ((2, 3, 4), 1), ((2, 3, 3), 2), ((7,), 1), ((5, 9), 1), ((1, 1), 1), ((0, 5), 1)]:
        normalised = shape[len(shape) - axes :]
        yield layer_norm(f"the last {axes} of {shape}", {"x": shape, "gamma": normalised, "beta": normalised}, axes, epsilon=0.1)
    whole = {"x": (3, 5), "gamma": (5,), "beta": (5,)}
    yield layer_norm("no parameters", {"x": (3, 5)})
    yield layer_norm("gamma alone", {"x": (3, 5), "gamma": (5,)})
    yield layer_norm("beta alone", {"x": (3, 5), "beta": (5,)})
    for place, at in [("x", {2: NAN, 7: INF}), ("gamma", {1: NAN, 3: INF}), ("beta", {0: NAN, 4: -INF})]:
        yield layer_norm(f"NaN and infinity in {place}", whole, at={place: at}, unordered=True)
    yield layer_norm("NaN and infinity upstream", whole, upstream_at={2: NAN, 7: INF}, unordered=True)
    yield layer_norm("gamma is beta", {"x": (3, 5), "shared": (5,)}, operands={"gamma": "shared", "beta": "shared"})
    yield layer_norm("of one row by itself", {"x": (7,)}, operands={"x": "x", "gamma": "x", "beta": "x"})
    yield layer_norm("itself upstream", whole, upstream="x")
    yield layer_norm("its own result upstream", whole, upstream="output")


def batch(epsilon):
    def f(x, gamma=None, beta=None):
        flat = x.flatten(0, -2)
        mean = flat.mean(0)
        variance = (flat - mean).square().mean(0)
        y = (flat - mean) / torch.sqrt(variance + epsilon)
        if gamma is not None:
            y = y * gamma
        return (y if beta is None else y + beta).reshape(x.shape)

    return f


def trained(epsilon):
    """PyTorch's own, which refuses a batch of one row; `batch` is for that."""

    def f(x, gamma=None, beta=None):
        flat = x.flatten(0, -2)
        return F.batch_norm(flat, None, None, gamma, beta, True, 0.1, epsilon).reshape(x.shape)

    return f


def batch_norm(name, inputs, epsilon=1e-5, f=trained, **more):
    for op in ("batchNorm", "batchNormWithStatistics"):
        yield case(f"{op}, {name}", op, f(epsilon), inputs, args={"epsilon": epsilon}, **more)


def batch_norms():
    for shape in [(5, 3), (2, 3, 2, 5), (7, 1), (3, 9)]:
        yield from batch_norm(f"of {shape}", {"x": shape, "gamma": shape[-1:], "beta": shape[-1:]}, 0.1)
    yield from batch_norm("one row", {"x": (1, 3), "gamma": (3,), "beta": (3,)}, f=batch)
    yield from batch_norm("one number", {"x": (1, 1), "gamma": (1,), "beta": (1,)}, f=batch)
    whole = {"x": (5, 3), "gamma": (3,), "beta": (3,)}
    yield from batch_norm("no channels", {"x": (5, 0), "gamma": (0,), "beta": (0,)}, f=batch)
    yield from batch_norm("no parameters", {"x": (5, 3)})
    yield from batch_norm("gamma alone", {"x": (5, 3), "gamma": (3,)})
    yield from batch_norm("beta alone", {"x": (5, 3), "beta": (3,)})
    for place, at in [("x", {4: NAN, 8: INF}), ("gamma", {1: NAN, 2: INF}), ("beta", {0: NAN, 2: -INF})]:
        yield from batch_norm(f"NaN and infinity in {place}", whole, at={place: at}, unordered=True)
    yield from batch_norm("NaN and infinity upstream", whole, upstream_at={4: NAN, 8: INF}, unordered=True)
    yield from batch_norm("gamma is beta", {"x": (5, 3), "shared": (3,)}, operands={"gamma": "shared", "beta": "shared"})
    yield from batch_norm("itself upstream", whole, upstream="x")
    yield from batch_norm("its own result upstream", whole, 0.5, upstream="output")


def inference(x, mean, variance, gamma=None, beta=None):
    flat = x.flatten(0, -2)
    return F.batch_norm(flat, mean, variance, gamma, beta, False, 0.1, 1e-5).reshape(x.shape)


def inferences():
    statistics = {"mean": torch.tensor([0.5, -1.0, 2.0]), "variance": torch.tensor([0.25, 1.0, 3.0])}
    for shape in [(5, 3), (2, 2, 2, 3), (0, 3)]:
        yield case(
            f"by given statistics, {shape}",
            "batchNormInference",
            inference,
            {"x": shape, "gamma": (3,), "beta": (3,)},
            constants=statistics,
        )
    yield case("by given statistics, no parameters", "batchNormInference", inference, {"x": (5, 3)}, constants=statistics)
    yield case(
        "by given statistics, NaN and infinity",
        "batchNormInference",
        inference,
        {"x": (5, 3), "gamma": (3,), "beta": (3,)},
        constants=statistics,
        at={"x": {4: NAN, 8: INF}},
    )
    yield case(
        "by given statistics, NaN upstream",
        "batchNormInference",
        inference,
        {"x": (5, 3), "gamma": (3,), "beta": (3,)},
        constants=statistics,
        upstream_at={4: NAN, 8: INF},
    )


def cases():
    yield from layer_norms()
    yield from batch_norms()
    yield from inferences()
