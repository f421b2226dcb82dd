"""Matrix products: matMul in its four transpose cases, einsum, and products with bias and activation."""

import torch
import torch.nn.functional as F

from .recording import INF, NAN, case

TRANSPOSES = [(False, False), (False, True), (True, False), (True, True)]

# rows, depth, columns: below, at and beyond the blocks of 5 or 6 rows and 8 columns; nothing of each.
SIZES = [(1, 1, 1), (5, 7, 3), (13, 18, 17), (1, 9, 6), (6, 1, 9), (7, 5, 1), (0, 3, 2), (2, 0, 3), (2, 3, 0)]

BATCHES = [((3,), (3,)), ((3,), (1,)), ((1,), (3,)), ((2, 1), (3,)), ((0,), (1,))]


def transposed(shape, flag):
    *batch, rows, columns = shape
    return (*batch, columns, rows) if flag else tuple(shape)


def product(ta, tb):
    def f(a, b):
        return (a.mT if ta else a) @ (b.mT if tb else b)

    return f


def matmul(name, a, b, ta, tb, **more):
    label = f"{'aᵀ' if ta else 'a'} {'bᵀ' if tb else 'b'}, {name}"
    inputs = {"a": transposed(a, ta), "b": transposed(b, tb)} if a else {}
    inputs |= more.pop("inputs", {})
    return case(label, "matMul", product(ta, tb), inputs, args={"transposeA": ta, "transposeB": tb}, **more)


def matmuls():
    for ta, tb in TRANSPOSES:
        for rows, depth, columns in SIZES:
            yield matmul(f"{rows} × {depth} × {columns}", (rows, depth), (depth, columns), ta, tb)
        for batch_a, batch_b in BATCHES:
            yield matmul(f"batches {batch_a} and {batch_b}", (*batch_a, 5, 3), (*batch_b, 3, 7), ta, tb)
        special = {"at": {"a": {4: NAN}, "b": {2: INF, 9: -INF}}}
        yield matmul("NaN and infinity in the operands", (6, 5), (5, 9), ta, tb, **special)
        yield matmul("NaN and infinity upstream", (6, 5), (5, 9), ta, tb, upstream_at={3: NAN, 20: INF, 30: -INF})
        square = {"inputs": {"x": (7, 7)}, "operands": {"a": "x", "b": "x"}}
        yield matmul("of one matrix", None, None, ta, tb, **square)
        shape_b = transposed((4, 3) if not ta else (3, 4), tb)
        views = {"inputs": {"x": (3, 4)}, "operands": {"a": "x", "b": ("x", shape_b)}}
        yield matmul("of one buffer in two shapes", None, None, ta, tb, **views)
        yield matmul("its own result upstream", (5, 5), (5, 5), ta, tb, upstream="output")
        yield matmul("an operand upstream", (5, 5), (5, 5), ta, tb, upstream="a")
    for ta, tb in TRANSPOSES:
        fixed = {"a": torch.arange(-9, 12).reshape(transposed((7, 3), ta)), "b": torch.arange(15).reshape(transposed((3, 5), tb))}
        yield matmul("integers", None, None, ta, tb, constants=fixed, gradients=False)


# Contractions, products without a sum, outer products, sums alone, axes in every order.
EQUATIONS = [
    ("ij,jk->ik", (5, 3), (3, 7)),
    ("bij,bkj->bik", (2, 5, 3), (2, 7, 3)),
    ("bhid,bhjd->bhij", (2, 3, 5, 2), (2, 3, 4, 2)),
    ("bihd,bjhd->bhij", (2, 5, 3, 2), (2, 4, 3, 2)),
    ("ij,kj->ki", (3, 5), (2, 5)),
    ("i,j->ij", (5,), (7,)),
    ("ij,ij->", (3, 5), (3, 5)),
    ("ij,j->i", (3, 5), (5,)),
    ("ijk,k->ij", (2, 3, 5), (5,)),
    ("ij->ji", (3, 5), None),
    ("ij->j", (3, 5), None),
    ("i,i->", (1,), (1,)),
    ("ij,jk->ik", (3, 0), (0, 2)),
    ("ij,jk->ik", (0, 3), (3, 2)),
]


def einsums():
    for equation, a, b in EQUATIONS:
        if b is None:
            yield case(
                f"{equation} of {a}", "einsum", lambda a, e=equation: torch.einsum(e, a), {"a": a}, args={"equation": equation}
            )
        else:
            yield einsum(f"of {a} and {b}", equation, {"a": a, "b": b})
    yield einsum("of one tensor", "ij,kj->ik", {"x": (5, 3)}, operands={"a": "x", "b": "x"})
    yield einsum("of one buffer in two shapes", "ij,jk->ik", {"x": (3, 5)}, operands={"a": "x", "b": ("x", (5, 3))})
    yield einsum("NaN and infinity", "ij,jk->ik", {"a": (5, 3), "b": (3, 7)}, at={"a": {4: NAN}, "b": {9: INF}})
    yield einsum("NaN and infinity upstream", "ij,jk->ik", {"a": (5, 3), "b": (3, 7)}, upstream_at={4: NAN, 9: INF})


def einsum(name, equation, inputs, **more):
    return case(
        f"{equation}, {name}", "einsum", lambda a, b: torch.einsum(equation, a, b), inputs, args={"equation": equation}, **more
    )


ACTIVATIONS = {
    None: lambda z: z,
    "relu": F.relu,
    "elu": F.elu,
    "sigmoid": torch.sigmoid,
    "leakyRelu": lambda z: F.leaky_relu(z, 0.2),
}


def affine(activation):
    def f(x, weight, bias=None):
        z = x @ weight
        return ACTIVATIONS[activation](z if bias is None else z + bias)

    return f


def linear(name, inputs, activation=None, **more):
    args = {} if activation is None else {"activation": activation, "negativeSlope": 0.2}
    return case(f"linear, {name}", "linear", affine(activation), inputs, args=args, **more)


def linears():
    for activation in ACTIVATIONS:
        shapes = {"x": (6, 5), "weight": (5, 9), "bias": (9,)}
        yield linear(f"{activation}", shapes, activation)
        # PyTorch's gradient of elu at NaN is NaN in vectors and dy in what they leave over.
        special = {"at": {"x": {7: NAN, 11: INF, 17: -INF}} | ({"bias": {8: NAN}} if activation != "elu" else {})}
        yield linear(f"{activation}, NaN and infinity in the operands", shapes, activation, smooth=False, **special)
        yield linear(f"{activation}, NaN and infinity upstream", shapes, activation, upstream_at={3: NAN, 20: INF, 30: -INF})
    for shape in [(5,), (2, 3, 5), (0, 5), (1, 5)]:
        yield linear(f"x {shape}", {"x": shape, "weight": (5, 7), "bias": (7,)}, "relu" if shape == (1, 5) else None)
    yield linear("of ones", {"x": (1, 1), "weight": (1, 1), "bias": (1,)})
    yield linear("without a bias", {"x": (3, 5), "weight": (5, 2)})
    yield linear("no outputs", {"x": (3, 5), "weight": (5, 0), "bias": (0,)})
    yield linear("x is the weight", {"x": (5, 5), "bias": (5,)}, operands={"x": "x", "weight": "x"})
    yield linear("one buffer for all", {"x": (3,)}, operands={"x": ("x", (3, 1)), "weight": ("x", (1, 3)), "bias": "x"})
    yield linear("its own result upstream", {"x": (3, 5), "weight": (5, 5), "bias": (5,)}, "relu", upstream="output")


FUSED = {
    "linear": lambda z: z,
    "relu": F.relu,
    "relu6": F.relu6,
    "leakyrelu": lambda z: F.leaky_relu(z, 0.1),
    "elu": F.elu,
    "sigmoid": torch.sigmoid,
}


def fused():
    """tf.fused.matMul: its gradient is tfjs's for linear and relu alone."""
    at = {"a": {3: NAN, 12: INF, 17: -INF}}
    for activation, function in FUSED.items():
        for name, where in [("", None), (", NaN and infinity", at)]:
            yield case(
                f"fused {activation}{name}",
                "fusedMatMul",
                lambda a, b, bias, function=function: function(a @ b + bias),
                {"a": (2, 3, 5), "b": (2, 5, 7), "bias": (7,)},
                args={"activation": activation, "leakyreluAlpha": 0.1},
                at=where,
                gradients=activation in ("linear", "relu") and where is None,
            )
    for shape in [(7,), (1, 1, 7), (3, 7), (3, 1), ()]:
        yield case(
            f"fused, slopes and bias of shape {shape}",
            "fusedMatMul",
            lambda a, b, bias, slope: torch.where(a @ b + bias > 0, a @ b + bias, slope * (a @ b + bias)),
            {"a": (2, 3, 5), "b": (2, 5, 7), "bias": shape, "slope": shape},
            args={"activation": "prelu"},
            gradients=False,
        )
    yield case(
        "fused, nothing",
        "fusedMatMul",
        lambda a, b, bias: a @ b + bias,
        {"a": (0, 5), "b": (5, 3), "bias": (3,)},
        args={"activation": "linear"},
        gradients=False,
    )


def cases():
    yield from matmuls()
    yield from einsums()
    yield from linears()
    yield from fused()
