"""Pooling of images `[batch, height, width, channels]`: maxima with and without a border, averages without."""

import torch.nn.functional as F

from .convolution import padded
from .recording import INF, NAN, case, draw, place


def maximum(size, strides, pad):
    def f(x):
        return F.max_pool2d(padded(x, pad, size, strides, value=-INF), size, strides).permute(0, 2, 3, 1)

    return f


def average(size, strides, pad):
    def f(x):
        return F.avg_pool2d(x.permute(0, 3, 1, 2), size, strides).permute(0, 2, 3, 1)

    return f


# Windows beside one another, that overlap, that leave pixels out, and that reach over the border; 4 and 8 channels are the
# fast way for pairs.
WINDOWS = [
    ((2, 4, 4, 1), (2, 2), (2, 2), "valid"),
    ((2, 5, 7, 4), (2, 2), (2, 2), "valid"),
    ((1, 4, 6, 9), (2, 2), (2, 2), "valid"),
    ((1, 5, 7, 3), (2, 3), (1, 2), "valid"),
    ((1, 7, 5, 5), (3, 3), (2, 1), "valid"),
    ((2, 6, 6, 3), (1, 1), (2, 2), "valid"),
    ((1, 1, 1, 1), (1, 1), (1, 1), "valid"),
    ((1, 3, 3, 4), (3, 3), (1, 1), "valid"),
    ((0, 4, 4, 2), (2, 2), (2, 2), "valid"),
    ((1, 5, 7, 8), (2, 2), (2, 2), "same"),
    ((1, 5, 4, 3), (3, 3), (2, 2), "same"),
    ((1, 4, 4, 5), (3, 3), (1, 1), 1),
]


def pooling(kind, name, x, size, strides, pad, **more):
    args = {"filterSize": list(size), "strides": list(strides), "pad": pad}
    f = {"maxPool": maximum, "avgPool": average}[kind](size, strides, pad)
    return case(f"{kind}, {name}", kind, f, {"x": x}, args=args, **more)


def passed_over(name, f, shape, numbers):
    """tfjs defines, and tests, that a maximum passes over NaN. The gradient goes to the NaN all the same."""
    x = draw(shape, f"{name}/x")
    place(x, numbers)
    y, others = f(x).flatten(), f(x.nan_to_num(nan=-INF, posinf=INF, neginf=-INF)).flatten()
    return {"output": {index: others[index] for index in y.isnan().nonzero().flatten().tolist()}}


def special(kind, channels):
    shape = (1, 4, 6, channels)
    at = {"x": {0: NAN, 9: INF, 18: -INF, 43: NAN}}
    for name, size, strides in [("", (2, 2), (2, 2)), ("overlapping, ", (3, 3), (1, 1))]:
        label = f"{name}NaN and infinity, {channels} channels"
        instead = passed_over(f"maxPool, {label}", maximum(size, strides, "valid"), shape, at["x"]) if kind == "maxPool" else None
        yield pooling(kind, label, shape, size, strides, "valid", at=at, instead=instead)
        upstream = {0: NAN, 5: INF, 9: -INF} if size == (2, 2) else {4: NAN}
        yield pooling(
            kind, f"{name}NaN and infinity upstream, {channels} channels", shape, size, strides, "valid", upstream_at=upstream
        )


def cases():
    for kind in ("maxPool", "avgPool"):
        for x, size, strides, pad in WINDOWS:
            # At the border tfjs's averages and their gradients do not belong together: see the README's limits.
            if kind == "maxPool" or pad == "valid":
                yield pooling(kind, f"{list(x)} by {list(size)}, strides {list(strides)}, pad {pad}", x, size, strides, pad)
        for channels in (3, 20):
            yield from special(kind, channels)
        yield pooling(kind, "itself upstream", (1, 3, 3, 5), (1, 1), (1, 1), "valid", upstream="x")
        yield pooling(kind, "its own result upstream", (2, 4, 4, 3), (2, 2), (2, 2), "valid", upstream="output")
    for name, channels, value, size, strides in [
        ("nothing but minus infinity", 4, -INF, (2, 2), (2, 2)),
        ("equal pixels", 4, 1.0, (2, 2), (2, 2)),
        ("equal pixels, overlapping", 3, 1.0, (3, 3), (1, 1)),
    ]:
        at = {"x": dict.fromkeys(range(16 * channels), value)}
        yield pooling("maxPool", name, (1, 4, 4, channels), size, strides, "valid", at=at, smooth=False)
