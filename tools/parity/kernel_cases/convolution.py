"""Convolutions: plain, depthwise and transposed, values and both gradients; images lie `[batch, height, width, channels]`."""

import torch
import torch.nn.functional as F

from .recording import INF, NAN, case


def pads(pad, height, width, filter_size, strides, dilations):
    """Rows above and below, columns left and right, as tfjs has them: what `same` leaves over goes below and right."""
    if isinstance(pad, int):
        return [(pad, pad), (pad, pad)]
    if isinstance(pad, list):
        return pad[1:3]
    if pad == "valid":
        return [(0, 0), (0, 0)]
    found = []
    for size, taps, stride, dilation in zip((height, width), filter_size, strides, dilations):
        total = max(0, (-(-size // stride) - 1) * stride + dilation * (taps - 1) + 1 - size)
        found.append((total // 2, total - total // 2))
    return found


def padded(x, pad, filter_size, strides, dilations=(1, 1), value=0.0):
    """`[batch, channels, height, width]` of an image with its channels last, with its border."""
    (top, bottom), (left, right) = pads(pad, x.shape[1], x.shape[2], filter_size, strides, dilations)
    return F.pad(x.permute(0, 3, 1, 2), (left, right, top, bottom), value=value)


def convolution(strides, pad, dilations):
    def f(x, filter, bias=None):
        whole = padded(x, pad, filter.shape[:2], strides, dilations)
        return F.conv2d(whole, filter.permute(3, 2, 0, 1).contiguous(), bias, strides, 0, dilations).permute(0, 2, 3, 1)

    return f


def depthwise(strides, pad, dilations):
    def f(x, filter):
        height, width, channels, multiplier = filter.shape
        whole = padded(x, pad, (height, width), strides, dilations)
        kernel = filter.permute(2, 3, 0, 1).reshape(channels * multiplier, 1, height, width)
        return F.conv2d(whole, kernel, None, strides, 0, dilations, groups=channels).permute(0, 2, 3, 1)

    return f


# What is convolved, by what, with which strides and border; the last but two are gradients that one kernel alone has.
PLAIN = [
    ((2, 5, 4, 3), (3, 2, 3, 5), (1, 1), "valid"),
    ((2, 5, 6, 1), (3, 3, 1, 2), (1, 1), "same"),
    ((1, 7, 6, 2), (3, 3, 2, 3), (2, 3), "valid"),
    ((1, 6, 7, 3), (2, 3, 3, 4), (2, 2), "same"),
    ((2, 3, 4, 2), (3, 3, 2, 3), (1, 1), 1),
    ((1, 4, 5, 2), (3, 2, 2, 1), (1, 2), [[0, 0], [2, 1], [0, 3], [0, 0]]),
    ((2, 3, 5, 3), (1, 1, 3, 4), (1, 1), "valid"),
    ((2, 5, 5, 3), (1, 1, 3, 2), (2, 2), "valid"),
    ((2, 1, 9, 3), (1, 3, 3, 2), (1, 2), "same"),
    ((1, 1, 1, 1), (1, 1, 1, 1), (1, 1), "valid"),
    ((1, 2, 2, 1), (3, 3, 1, 1), (1, 1), "same"),
    ((1, 3, 3, 2), (3, 3, 2, 5), (1, 1), "valid"),
    ((0, 4, 4, 2), (3, 3, 2, 3), (1, 1), "same"),
    ((9, 5, 5, 3), (3, 3, 3, 2), (1, 1), "valid"),
    ((0, 3, 3, 2), (2, 2, 2, 3), (1, 1), "valid"),
]

SPECIAL = {"at": {"x": {7: NAN, 20: INF}, "filter": {5: -INF}}}
UPSTREAM = {"upstream_at": {3: NAN, 10: INF, 17: -INF}}


def label(x, filter, strides, pad):
    return f"{list(x)} by {list(filter)}, strides {list(strides)}, pad {pad}"


def convolve(name, op, inputs, strides=(1, 1), pad="valid", dilations=None, f=convolution, **more):
    args = {"strides": list(strides), "pad": pad}
    if dilations is not None:
        args["dilations"] = list(dilations)
    return case(f"{op}, {name}", op, f(strides, pad, dilations or (1, 1)), inputs, args=args, **more)


def plain():
    for x, filter, strides, pad in PLAIN:
        shapes = {"x": x, "filter": filter}
        yield convolve(label(x, filter, strides, pad), "conv2d", shapes, strides, pad)
        # The op with a bias takes borders in numbers alone.
        if pad == "valid" or isinstance(pad, list):
            yield convolve(label(x, filter, strides, pad), "biasedConv2d", shapes | {"bias": (filter[3],)}, strides, pad)
    for op, more in [("conv2d", {}), ("biasedConv2d", {"bias": (3,)})]:
        shapes = {"x": (2, 4, 5, 2), "filter": (3, 2, 2, 3)} | more
        yield convolve("NaN and infinity in the operands", op, shapes, **SPECIAL)
        yield convolve("NaN and infinity upstream", op, shapes, **UPSTREAM)
        yield convolve("of an image by itself", op, {"x": (2, 2, 3, 3)} | more, operands={"x": "x", "filter": "x"})
        yield convolve("its own result upstream", op, shapes, upstream="output")
    yield convolve("one channel, NaN and infinity", "conv2d", {"x": (2, 5, 5, 1), "filter": (3, 3, 1, 2)}, **SPECIAL)
    yield convolve("1 × 1, NaN and infinity", "conv2d", {"x": (2, 5, 5, 3), "filter": (1, 1, 3, 2)}, **SPECIAL)
    yield convolve("1 × 1, an operand upstream", "conv2d", {"x": (1, 3, 3, 3), "filter": (1, 1, 3, 3)}, upstream="x")
    yield convolve(
        "a border, NaN and infinity in the image",
        "conv2d",
        {"x": (1, 4, 4, 2), "filter": (3, 3, 2, 3)},
        pad="same",
        at={"x": {0: NAN, 21: INF}},
    )
    yield convolve(
        "a border, NaN and infinity upstream", "conv2d", {"x": (1, 4, 4, 2), "filter": (3, 3, 2, 3)}, pad="same", **UPSTREAM
    )
    yield convolve("dilated", "conv2d", {"x": (2, 7, 6, 2), "filter": (3, 2, 2, 3)}, dilations=(2, 3), gradients=False)


FUSED = {
    "linear": lambda z: z,
    "relu": F.relu,
    "relu6": F.relu6,
    "leakyrelu": lambda z: F.leaky_relu(z, 0.1),
    "elu": F.elu,
    "sigmoid": torch.sigmoid,
}


def fused():
    shapes = {"x": (1, 4, 5, 3), "filter": (2, 2, 3, 5), "bias": (5,)}
    for activation, function in FUSED.items():
        for name, where in [("", None), (", NaN and infinity", {"x": {7: NAN, 40: INF}})]:
            yield case(
                f"fused {activation}{name}",
                "fusedConv2d",
                lambda x, filter, bias, function=function: function(convolution((1, 1), "same", (1, 1))(x, filter, bias)),
                shapes,
                args={"strides": [1, 1], "pad": "same", "activation": activation, "leakyreluAlpha": 0.1},
                at=where,
                gradients=activation in ("linear", "relu") and where is None,
            )
    for shape in [(5,), (1,), ()]:
        yield case(
            f"fused, slopes and bias of shape {shape}",
            "fusedConv2d",
            lambda x, filter, bias, slope: sloped(convolution((1, 1), "valid", (1, 1))(x, filter) + bias, slope),
            shapes | {"bias": shape, "slope": shape},
            args={"strides": [1, 1], "pad": "valid", "activation": "prelu"},
            gradients=False,
        )


def sloped(z, slope):
    return torch.where(z > 0, z, slope * z)


DEPTHWISE = [
    ((2, 5, 4, 3), (3, 2, 3, 1), (1, 1), "valid", (1, 1)),
    ((1, 6, 5, 5), (3, 3, 5, 1), (2, 2), "same", (1, 1)),
    ((2, 5, 5, 2), (3, 3, 2, 3), (1, 1), "same", (1, 1)),
    ((1, 7, 8, 3), (3, 2, 3, 2), (1, 1), "valid", (2, 3)),
    ((1, 7, 6, 5), (3, 3, 5, 1), (1, 1), "same", (2, 1)),
    ((1, 4, 4, 9), (2, 2, 9, 1), (2, 2), 1, (1, 1)),
    ((1, 1, 1, 1), (1, 1, 1, 1), (1, 1), "valid", (1, 1)),
    ((0, 4, 4, 2), (3, 3, 2, 1), (1, 1), "valid", (1, 1)),
]


def depthwises():
    def one(name, inputs, strides=(1, 1), pad="valid", dilations=(1, 1), **more):
        return convolve(name, "depthwiseConv2d", inputs, strides, pad, dilations, depthwise, **more)

    for x, filter, strides, pad, dilations in DEPTHWISE:
        # tfjs refuses the gradient of a dilated depthwise convolution: the kernels are called by name.
        inputs = {"x": x, "filter": filter}
        yield one(f"{label(x, filter, strides, pad)}, dilations {list(dilations)}", inputs, strides, pad, dilations)
    for channels in (3, 5):
        shapes = {"x": (1, 4, 5, channels), "filter": (2, 3, channels, 1)}
        yield one(f"NaN and infinity in the operands, {channels} channels", shapes, **SPECIAL)
        yield one(f"NaN and infinity upstream, {channels} channels", shapes, **UPSTREAM)
    yield one("of an image by itself", {"x": (2, 2, 3, 1)}, operands={"x": ("x", (1, 2, 2, 3)), "filter": ("x", (2, 2, 3, 1))})
    yield one("1 × 1, an operand upstream", {"x": (1, 2, 2, 5), "filter": (1, 1, 5, 1)}, upstream="x")
    yield one("the filter upstream", {"x": (2, 4, 3, 1), "filter": (2, 3, 1, 2)}, upstream="filter")


def transposes():
    def f(strides, pad, shape):
        def run(x, filter):
            # x is the gradient of a convolution's output, and this its input's.
            image = torch.zeros(shape, requires_grad=True)
            y = convolution(strides, pad, (1, 1))(image, filter)
            return torch.autograd.grad(y, image, x, create_graph=True)[0]

        return run

    for x, filter, strides, pad, shape in [
        ((2, 3, 3, 5), (3, 3, 2, 5), (1, 1), "valid", (2, 5, 5, 2)),
        ((1, 3, 4, 3), (3, 2, 2, 3), (2, 2), "same", (1, 6, 7, 2)),
        ((1, 1, 1, 1), (1, 1, 1, 1), (1, 1), "valid", (1, 1, 1, 1)),
    ]:
        yield case(
            f"conv2dTranspose, {label(x, filter, strides, pad)}",
            "conv2dTranspose",
            with_graph(f(strides, pad, shape)),
            {"x": x, "filter": filter},
            args={"strides": list(strides), "pad": pad, "shape": list(shape)},
        )
    shape = (2, 3, 4, 3)
    yield case(
        "conv2dTranspose, of an image by itself",
        "conv2dTranspose",
        with_graph(f((1, 1), "valid", shape)),
        {"x": (2, 2, 3, 3)},
        operands={"x": "x", "filter": "x"},
        args={"strides": [1, 1], "pad": "valid", "shape": list(shape)},
    )


def with_graph(f):
    """Differences are taken without a graph, and this one needs its own."""

    def run(**operands):
        with torch.enable_grad():
            return f(**operands)

    return run


def cases():
    yield from plain()
    yield from fused()
    yield from depthwises()
    yield from transposes()
