"""Functions of single elements and of two, activations, sums and means."""

import torch
import torch.nn.functional as F

from .recording import DY, INF, NAN, case, spread

SHAPES = [(17,), (3, 7), (1,), (), (2, 0, 3)]

# tfjs's own functions with where they are defined.
FUNCTIONS = {
    "exp": (torch.exp, (-4, 4)),
    "log": (torch.log, (0.1, 5)),
    "tanh": (torch.tanh, (-4, 4)),
    "tfSoftplus": (F.softplus, (-4, 4)),
    "erf": (torch.erf, (-3, 3)),
    "rsqrt": (torch.rsqrt, (0.1, 5)),
    "sqrt": (torch.sqrt, (0.1, 5)),
    "neg": (torch.neg, (-4, 4)),
    "log1p": (torch.log1p, (-0.9, 4)),
    "expm1": (torch.expm1, (-4, 4)),
    "selu": (F.selu, (-4, 4)),
    "sign": (torch.sign, (-4, 4)),
    "reciprocal": (torch.reciprocal, (0.2, 4)),
    "floor": (torch.floor, (-4, 4)),
    "ceil": (torch.ceil, (-4, 4)),
    "relu6": (F.relu6, (-4, 9)),
}

# Those of @levin/ops, with their options.
ACTIVATIONS = {
    "relu": [({}, F.relu)],
    "leakyRelu": [
        ({}, F.leaky_relu),
        ({"negativeSlope": 0.2}, lambda x: F.leaky_relu(x, 0.2)),
        ({"negativeSlope": 0}, lambda x: F.leaky_relu(x, 0.0)),
    ],
    "elu": [({}, F.elu), ({"alpha": 0.5}, lambda x: F.elu(x, 0.5))],
    "sigmoid": [({}, torch.sigmoid)],
    "levinTanh": [({}, torch.tanh)],
    "softplus": [({}, F.softplus)],
    "gelu": [({}, F.gelu), ({"approximate": "tanh"}, lambda x: F.gelu(x, approximate="tanh"))],
    "silu": [({}, F.silu)],
    "hardSwish": [({}, F.hardswish)],
}

SPECIAL = {1: NAN, 4: INF, 9: -INF, 13: 0.0}
UPSTREAM = {0: NAN, 5: INF, 10: -INF, 11: INF, 16: NAN}


# PyTorch multiplies infinity by zero there; these are the limits.
LIMITS = {
    "gelu": {"output": {9: 0.0}, "x": {4: DY, 9: 0.0}},
    "gelu {'approximate': 'tanh'}": {"x": {4: DY, 9: 0.0}},
}

# Their slope is kept and multiplied by, also where it is 0: NaN and infinity then make NaN, and PyTorch chooses 0.
BY_SLOPE = {"hardSwish": (-2.9, 2.9), "relu6": (0.1, 5.9)}


def quarters(shape, seed):
    return torch.floor(spread(-4, 4)(shape, seed)) + 0.25


def unary(label, op, function, low, high, args):
    def f(x):
        return function(x)

    # A quarter beside whole numbers, where they do not jump.
    draws = {"x": quarters if op in ("floor", "ceil") else spread(low, high)}
    for shape in SHAPES:
        yield case(f"{label} of {shape}", op, f, {"x": shape}, args=args, draws=draws)
    within = {"x": spread(*BY_SLOPE.get(op, (low, high)))}
    yield case(f"{label}, NaN and infinity upstream", op, f, {"x": (17,)}, args=args, draws=within, upstream_at=UPSTREAM)
    yield case(f"{label}, itself upstream", op, f, {"x": (7,)}, args=args, draws=draws, upstream="x")
    yield case(f"{label}, its own result upstream", op, f, {"x": (7,)}, args=args, draws=draws, upstream="output")


def functions():
    for op, (f, (low, high)) in FUNCTIONS.items():
        yield from unary(op, op, f, low, high, {})
        # Their gradients are tfjs's, composed of its ops, which multiply by zero where PyTorch chooses.
        yield case(
            f"{op}, NaN and infinity",
            op,
            lambda x, f=f: f(x),
            {"x": (17,)},
            draws={"x": spread(low, high)},
            at={"x": SPECIAL},
            gradients=False,
        )
    for low, high in [(-0.5, 0.75), (-INF, 0.5), (0.25, INF)]:
        args = {"low": max(low, -3e38), "high": min(high, 3e38)}
        yield from unary(f"clip to {low}, {high}", "clip", lambda x, args=args: x.clamp(args["low"], args["high"]), -2, 2, args)
        yield case(
            f"clip to {low}, {high}, NaN and infinity",
            "clip",
            lambda x, args=args: x.clamp(args["low"], args["high"]),
            {"x": (17,)},
            args=args,
            at={"x": SPECIAL},
            gradients=False,
        )


def activations():
    for op, variants in ACTIVATIONS.items():
        for args, f in variants:
            label = f"{op} {args}" if args else op
            yield from unary(label, op, f, -4, 4, args)
            yield case(
                f"{label}, NaN and infinity",
                op,
                lambda x, f=f: f(x),
                {"x": (17,)},
                args=args,
                at={"x": SPECIAL},
                instead=LIMITS.get(label),
            )
            far = torch.tensor([-1e4, -200.0, -88.0, -20.0, -1e-3, 1e-3, 20.0, 88.0, 200.0, 1e4])
            yield case(f"{label}, far out", op, lambda x, f=f: f(x), {"x": far}, args=args, smooth=False)
    kinks = torch.tensor([0.0, -3.0, 3.0, 6.0, -0.0])
    for op in ("relu", "leakyRelu", "elu", "hardSwish"):
        for args, f in ACTIVATIONS[op][:1]:
            yield case(f"{op}, where it bends", op, lambda x, f=f: f(x), {"x": kinks}, args=args, smooth=False)


BINARY = {
    "maximum": torch.maximum,
    "minimum": torch.minimum,
    "add": torch.add,
    "sub": torch.sub,
    "multiply": torch.mul,
    "divide": torch.div,
    "squaredDifference": lambda a, b: (a - b).square(),
}

# The same shape, a number, rows, columns, planes, both broadcast, nothing.
PAIRS = [
    ((3, 7), (3, 7)),
    ((3, 7), ()),
    ((1,), (3, 7)),
    ((3, 7), (7,)),
    ((5,), (3, 5)),
    ((2, 3, 5), (3, 5)),
    ((2, 3, 5), (2, 3, 1)),
    ((3, 1), (3, 7)),
    ((2, 3, 1, 1), (2, 3, 2, 5)),
    ((2, 1, 5), (1, 3, 1)),
    ((2, 3, 5), (3, 1)),
    ((1,), (1,)),
    ((), ()),
    ((0, 3), (3,)),
]


def binary():
    for op, function in BINARY.items():

        def f(a, b, function=function):
            return function(a, b)

        draws = {"b": spread(0.5, 2)} if op == "divide" else {}
        for a, b in PAIRS:
            yield case(f"{op} of {a} and {b}", op, f, {"a": a, "b": b}, draws=draws)
        at = {"a": {0: NAN, 1: INF, 2: -INF, 9: INF}, "b": {0: 1.0, 3: NAN, 9: -INF, 10: INF}}
        for a, b in [((3, 7), (3, 7)), ((3, 7), ())]:
            chosen = {"a": at["a"], "b": at["b"] if b else {0: 0.5}}
            # A broadcast side sums its gradients, infinities of both signs among them.
            yield case(f"{op} of {a} and {b}, NaN and infinity", op, f, {"a": a, "b": b}, at=chosen, draws=draws, unordered=not b)
        yield case(f"{op}, NaN and infinity upstream", op, f, {"a": (3, 5), "b": (5,)}, draws=draws, upstream_at={0: NAN, 3: INF})
        yield case(
            f"{op} of one tensor",
            op,
            f,
            {"x": (3, 5)},
            operands={"a": "x", "b": "x"},
            draws={"x": spread(0.5, 2)},
            smooth=op not in ("maximum", "minimum"),
        )
        yield case(f"{op}, an operand upstream", op, f, {"a": (3, 5), "b": (3, 5)}, draws=draws, upstream="b")


def sloped(x, alpha):
    return torch.where(x > 0, x, alpha * x)


def powers():
    for exponent in (0.5, 2.0, 3.0, -1.0, 0.0, 1.0, 1.7):
        for shape in [(17,), (3, 7), (1,), (0, 3)]:
            f = lambda x, exponent=exponent: x**exponent
            yield case(
                f"pow {exponent} of {shape}", "pow", f, {"x": shape}, args={"exponent": exponent}, draws={"x": spread(0.2, 3)}
            )
        at = {"x": {1: NAN, 4: INF, 9: 0.0}}
        f = lambda x, exponent=exponent: x**exponent
        yield case(
            f"pow {exponent}, NaN and infinity",
            "pow",
            f,
            {"x": (17,)},
            args={"exponent": exponent},
            draws={"x": spread(0.2, 3)},
            at=at,
            gradients=False,
        )
    yield case(
        "pow, of itself",
        "powOf",
        lambda a, b: a**b,
        {"x": (1,)},
        operands={"a": "x", "b": "x"},
        draws={"x": spread(0.2, 3)},
        gradients=False,
    )


def prelus():
    for shape in [(7,), (1,), (), (3, 7), (3, 1), (2, 1, 1), (2, 3, 7)]:
        yield case(f"prelu, slopes {shape}", "prelu", sloped, {"x": (2, 3, 7), "alpha": shape})
    for shape in [(7,), (3, 1)]:
        yield case(
            f"prelu, slopes {shape}, NaN and infinity",
            "prelu",
            sloped,
            {"x": (3, 7), "alpha": shape},
            at={"x": {0: NAN, 3: INF}},
            gradients=False,
        )
    yield case("prelu, of itself", "prelu", sloped, {"x": (3, 5)}, operands={"x": "x", "alpha": "x"})
    yield case("prelu, nothing", "prelu", sloped, {"x": (0, 5), "alpha": (5,)})
    yield case("prelu, rows of nothing", "prelu", sloped, {"x": (3, 0, 2), "alpha": (3, 1, 1)}, gradients=False)


# Leading axes, inner ones, all, some between others, none of nothing.
REDUCTIONS = [
    ((7,), [0]),
    ((5, 3), [0]),
    ((5, 3), [1]),
    ((3, 21), [-1]),
    ((3, 4, 7), [0, 1]),
    ((3, 4, 7), [1]),
    ((3, 4, 7), [1, 2]),
    ((3, 4, 7), [0, 2]),
    ((2, 3, 4, 5), [0, 1, 2, 3]),
    ((1,), [0]),
    ((0, 3), [0]),
    ((3, 0), [0]),
]


def reductions():
    for op in ("sum", "mean"):
        for shape, axis in REDUCTIONS:
            for keep in (False, True):
                # The mean of nothing divides by nothing; it has no gradient to compare.
                f = lambda x, op=op, axis=axis, keep=keep: getattr(x, op)(axis, keepdim=keep)
                yield case(
                    f"{op} of {shape} over {axis}{', kept' if keep else ''}",
                    op,
                    f,
                    {"x": shape},
                    args={"axis": axis, "keepDims": keep},
                    gradients=0 not in shape or op == "sum",
                )
        for axis in ([0], [1]):
            at = {"x": {0: NAN, 8: INF, 16: INF, 17: -INF}}
            f = lambda x, op=op, axis=axis: getattr(x, op)(axis)
            yield case(f"{op} over {axis}, NaN and infinity", op, f, {"x": (5, 7)}, args={"axis": axis, "keepDims": False}, at=at)
            yield case(
                f"{op} over {axis}, NaN and infinity upstream",
                op,
                f,
                {"x": (5, 7)},
                args={"axis": axis, "keepDims": False},
                upstream_at={0: NAN, 2: INF},
            )


def cases():
    yield from functions()
    yield from activations()
    yield from binary()
    yield from powers()
    yield from prelus()
    yield from reductions()
