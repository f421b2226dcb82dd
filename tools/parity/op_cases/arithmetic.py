"""Functions and sums that layers and metrics call and the kernels' sweep has not, and arithmetic in integers and truth values."""

import torch

from kernel_cases.recording import case, ints, spread

SHAPES = [(17,), (3, 7), (1,), (), (2, 0, 3)]

FUNCTIONS = {
    "abs": (torch.abs, None),
    "square": (torch.square, None),
    "sin": (torch.sin, None),
    "cos": (torch.cos, None),
    "atan": (torch.atan, None),
    "logSigmoid": (torch.nn.functional.logsigmoid, None),
}

ROWS = [(3, 7), (5,), (1, 1), (2, 3, 5), (0, 3), (5, 300)]


def functions():
    for op, (f, bounds) in FUNCTIONS.items():
        draws = {"x": spread(*bounds)} if bounds else None
        for shape in SHAPES:
            yield case(f"{op} of {shape}", op, lambda x, f=f: f(x), {"x": shape}, draws=draws)
    for shape in ROWS:
        yield case(f"softmax of {shape}", "softmax", lambda x: torch.softmax(x, -1), {"x": shape})
        yield case(f"logSoftmax of {shape}", "logSoftmax", lambda x: torch.log_softmax(x, -1), {"x": shape})
    for shape in [(3, 7), (5,), (1, 1), (2, 3, 5)]:
        yield case(f"logSumExp of {shape}", "logSumExp", lambda x: torch.logsumexp(x, -1), {"x": shape})
    yield case("step of numbers", "step", lambda x: (x > 0).double(), {"x": (3, 7)}, gradients=False)


def sums():
    def total(**terms):
        return sum(terms.values())

    for shape in [(3, 7), (1,), (), (0, 3)]:
        yield case(f"addN of three of {shape}", "addN", total, {"a": shape, "b": shape, "c": shape})
    yield case("addN of one", "addN", total, {"a": (5,)})
    yield case("addN of one tensor twice", "addN", total, {"x": (5,)}, operands={"a": "x", "b": "x"})


INTEGERS = {"a": ints(-7, 0, 3, 2_000_000, 5, -1), "b": ints(2, 0, 3, 1, -4, -1)}
COLUMN = {"a": ints(-7, 0, 3).reshape(3, 1), "b": ints(2, 3)}

OF_TWO = {
    "add": torch.add,
    "sub": torch.sub,
    "multiply": torch.mul,
    "maximum": torch.maximum,
    "minimum": torch.minimum,
    "greater": torch.gt,
    "greaterEqual": torch.ge,
    "less": torch.lt,
    "lessEqual": torch.le,
    "equal": torch.eq,
    "notEqual": torch.ne,
}

OF_ONE = {
    "neg": lambda x: -x,
    "abs": torch.abs,
    "square": torch.square,
    "clone": lambda x: x.clone(),
}


def integers():
    for op, f in OF_TWO.items():
        for name, constants in [("integers", INTEGERS), ("integers, broadcast", COLUMN)]:
            yield case(f"{op} of {name}", op, lambda a, b, f=f: f(a, b), {}, constants=constants, gradients=False)
    for op, f in OF_ONE.items():
        constants = {"x": ints(-7, 0, 3, 2000, 5)}
        yield case(f"{op} of integers", op, lambda x, f=f: f(x), {}, constants=constants, gradients=False)
    grid = {"x": ints(-7, 0, 3, 9, 5, -1).reshape(2, 3)}
    for op, f in [("sum", torch.sum), ("max", torch.amax), ("min", torch.amin)]:
        args = {"axis": [1]} | ({"keepDims": False} if op == "sum" else {})
        yield case(f"{op} of integers", op, lambda x, f=f: f(x, 1), {}, constants=grid, args=args, gradients=False)
    yield case(
        "argMax of integers", "argMax", lambda x: x.argmax(1), {}, constants=grid, args={"axis": 1}, gradients=False
    )
    args = {"axis": [0], "keepDims": False}
    yield case("sum of truth", "sum", lambda x: x.sum(0), {}, constants={"x": TRUTH}, args=args, gradients=False)


TRUTH = torch.tensor([[True, False, True], [False, False, True]])
NUMBERS = ints(-7, 0, 3, 9, 5, -1).reshape(2, 3)

# What moves numbers: an op, its arguments, the same in PyTorch.
MOVES = [
    ("transpose", {"perm": [1, 0]}, lambda x: x.t()),
    ("slice", {"begin": [0, 1], "size": [2, 2]}, lambda x: x[:, 1:3]),
    ("tile", {"reps": [2, 1]}, lambda x: x.repeat(2, 1)),
    ("reshape", {"shape": [3, 2]}, lambda x: x.reshape(3, 2)),
    ("expandDims", {"axis": 1}, lambda x: x[:, None]),
    ("reverse", {"axis": [1]}, lambda x: x.flip(1)),
]


def moves():
    for what, tensor in [("integers", NUMBERS), ("truth", TRUTH)]:
        for op, args, f in MOVES:
            yield case(f"{op} of {what}", op, lambda x, f=f: f(x), {}, constants={"x": tensor}, args=args, gradients=False)
        constants = {"a": tensor, "b": tensor.flip(1)}
        joined = lambda a, b: torch.cat([a, b], 0)
        yield case(f"concat of {what}", "concat", joined, {}, constants=constants, args={"axis": 0}, gradients=False)
        chosen = {"condition": TRUTH, "t": tensor, "e": tensor.flip(1)}
        picked = lambda condition, t, e: torch.where(condition, t, e)
        yield case(f"where of {what}", "where", picked, {}, constants=chosen, gradients=False)
    casts = [("float32", lambda x: x.double()), ("int32", lambda x: x.int())]
    for dtype, f in casts:
        yield case(f"cast, truth to {dtype}", "cast", f, {}, constants={"x": TRUTH}, args={"dtype": dtype}, gradients=False)
    rows = lambda x, indices: x[indices]
    constants = {"x": NUMBERS, "indices": ints(1, 0, 1)}
    yield case("gather of integers", "gather", rows, {}, constants=constants, args={"axis": 0}, gradients=False)


def cases():
    yield from functions()
    yield from sums()
    yield from integers()
    yield from moves()
