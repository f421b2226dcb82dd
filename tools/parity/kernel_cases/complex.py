"""Complex numbers, of which tfjs has no gradients: parts in, parts out."""

import torch

from .recording import INF, NAN, case


def parts(f):
    def run(real, imag):
        result = f(torch.complex(real, imag))
        return (result.real, result.imag) if result.is_complex() else result

    return run


def pair(f):
    def run(a, b, c, d):
        result = f(torch.complex(a, b), torch.complex(c, d))
        return result.real, result.imag

    return run


def added(z, w):
    """By parts: PyTorch's own multiplies by 1 + 0i, and infinity by 0."""
    return torch.complex(z.real + w.real, z.imag + w.imag)


def transform(f, z):
    """PyTorch has none of nothing."""
    return f(z) if z.numel() > 0 else z


ONE = {
    "complexParts": lambda z: z,
    "complexAbs": torch.abs,
    "complexNeg": torch.neg,
    "complexOnesLike": torch.ones_like,
    "complexZerosLike": torch.zeros_like,
    "complexSum": lambda z: z.sum(1) if z.dim() > 1 else z.sum(0),
    "complexReverse": lambda z: z.flip(0),
    "complexTranspose": lambda z: z.t(),
    "complexTile": lambda z: z.repeat((2,) * z.dim()),
    "complexPad": lambda z: torch.nn.functional.pad(z, (1, 2), value=1.5),
    "complexGather": lambda z: z[[1, 0, 1]] if z.shape[0] > 1 else z[[0, 0, 0]],
    "complexDoubled": lambda z: added(z, z),
    "complexCancelled": lambda z: added(z, -z),
    "complexSquared": lambda z: z * z,
    "complexTwice": lambda z: torch.cat([z, z], 0),
    "fft": lambda z: transform(torch.fft.fft, z),
    "ifft": lambda z: transform(torch.fft.ifft, z),
}
TWO = {
    "complexAdd": added,
    "complexSub": lambda z, w: added(z, -w),
    "complexMultiply": torch.mul,
    "complexConcat": lambda z, w: torch.cat([z, w], 0),
}

# Products of infinities with one another and with zero.
UNORDERED = {"complexMultiply", "complexSquared", "complexSum", "fft", "ifft"}

# Products of complex numbers spread them to both parts; PyTorch's transform of three has none for the first sum.
SPREADING = dict.fromkeys(("fft", "ifft"), {"output": dict.fromkeys((0, 3, 4, 5, 9, 10, 11), NAN)})


def cases():
    for op, f in ONE.items():
        for shape in [(5, 3), (1, 1), (7,)]:
            if op == "complexTranspose" and len(shape) == 1:
                continue
            yield case(f"{op} of {shape}", op, parts(f), {"real": shape, "imag": shape}, gradients=False)
        if op != "complexGather":
            yield case(f"{op} of nothing", op, parts(f), {"real": (0, 3), "imag": (0, 3)}, gradients=False)
        at = {"real": {1: NAN}, "imag": {4: INF, 10: -INF}}
        yield case(
            f"{op}, NaN and infinity",
            op,
            parts(f),
            {"real": (5, 3), "imag": (5, 3)},
            at=at,
            gradients=False,
            unordered=op in UNORDERED,
            instead=SPREADING.get(op),
        )
        yield case(
            f"{op}, both parts one tensor", op, parts(f), {"x": (5, 3)}, operands={"real": "x", "imag": "x"}, gradients=False
        )
    for op, f in TWO.items():
        for shape in [(5, 3), (1,), (0, 3)]:
            yield case(f"{op} of {shape}", op, pair(f), dict.fromkeys("abcd", shape), gradients=False)
        at = {"a": {1: NAN}, "d": {4: INF, 10: -INF}}
        yield case(
            f"{op}, NaN and infinity",
            op,
            pair(f),
            dict.fromkeys("abcd", (5, 3)),
            at=at,
            gradients=False,
            unordered=op in UNORDERED,
        )
        yield case(f"{op}, of one tensor", op, pair(f), {"x": (5, 3)}, operands=dict.fromkeys("abcd", "x"), gradients=False)
