"""What compares and selects: comparisons, logic, choices, the largest and the smallest along axes, running sums."""

import torch

from .recording import INF, NAN, case, draw

COMPARISONS = {
    "greater": torch.gt,
    "greaterEqual": torch.ge,
    "less": torch.lt,
    "lessEqual": torch.le,
    "equal": torch.eq,
    "notEqual": torch.ne,
}
PAIRS = [((3, 7), (3, 7)), ((33,), (33,)), ((3, 7), ()), ((7,), (3, 7)), ((2, 1, 5), (1, 3, 1)), ((1,), (1,)), ((0, 3), (3,))]
LOGIC = {"logicalAnd": torch.logical_and, "logicalOr": torch.logical_or}


def two(function):
    def f(a, b):
        return function(a, b)

    return f


def comparisons():
    for op, function in COMPARISONS.items():
        for a, b in PAIRS:
            # Equal numbers, which draws do not give.
            at = {"b": {0: 1.0}, "a": {0: 1.0}} if 0 not in (*a, *b) else None
            yield case(f"{op} of {a} and {b}", op, two(function), {"a": a, "b": b}, at=at, gradients=False)
        at = {"a": {0: NAN, 1: INF, 2: -INF, 3: NAN, 4: INF}, "b": {0: NAN, 1: INF, 2: INF, 5: NAN}}
        yield case(f"{op}, NaN and infinity", op, two(function), {"a": (21,), "b": (21,)}, at=at, gradients=False)
        yield case(
            f"{op} of one tensor",
            op,
            two(function),
            {"x": (3, 7)},
            operands={"a": "x", "b": "x"},
            at={"x": {4: NAN}},
            gradients=False,
        )


def truth(shape, seed):
    return draw(shape, seed) > 0


def logic():
    for op, function in LOGIC.items():
        for a, b in PAIRS:
            constants = {"a": truth(a, f"{a} is true"), "b": truth(b, f"{b} is true or false")}
            yield case(f"{op} of {a} and {b}", op, two(function), {}, constants=constants, gradients=False)
        yield case(
            f"{op} of one tensor",
            op,
            two(function),
            {},
            constants={"x": truth((3, 7), op)},
            operands={"a": "x", "b": "x"},
            gradients=False,
        )
    for shape in [(33,), (3, 7), (1,), (), (0, 3)]:
        yield case(
            f"logicalNot of {shape}", "logicalNot", lambda x: ~x, {}, constants={"x": truth(shape, "not")}, gradients=False
        )


def choices():
    def one(name, inputs, shape, **more):
        constants = {"condition": truth(shape, f"{name} is chosen")}
        return case(
            f"where, {name}", "where", lambda condition, t, e: torch.where(condition, t, e), inputs, constants=constants, **more
        )

    for shape in [(3, 7), (1,), (), (0, 3)]:
        yield one(f"of {shape}", {"t": shape, "e": shape}, shape)
    yield one(
        "NaN and infinity", {"t": (17,), "e": (17,)}, (17,), at={"t": {0: NAN, 3: INF, 5: NAN}, "e": {1: NAN, 3: -INF, 7: NAN}}
    )
    yield one("of one tensor", {"x": (3, 7)}, (3, 7), operands={"t": "x", "e": "x"})
    yield one("an operand upstream", {"t": (3, 7), "e": (3, 7)}, (3, 7), upstream="t")


# Leading axes, inner ones, all, some between others.
AXES = [
    ((7,), [0]),
    ((5, 3), [0]),
    ((5, 3), [1]),
    ((3, 21), [-1]),
    ((3, 4, 7), [0, 1]),
    ((3, 4, 7), [1]),
    ((3, 4, 7), [0, 2]),
    ((1,), [0]),
]


def extremes():
    for op, f in [("max", torch.amax), ("min", torch.amin)]:
        for shape, axis in AXES:
            yield case(
                f"{op} of {shape} over {axis}", op, lambda x, f=f, axis=axis: f(x, axis), {"x": shape}, args={"axis": axis}
            )
        yield case(
            f"{op} of nothing along rows", op, lambda x, f=f: f(x, [1]), {"x": (0, 3)}, args={"axis": [1]}, gradients=False
        )
        for axis in ([0], [1]):
            at = {"x": {0: NAN, 8: INF, 16: INF, 17: -INF}}
            # tfjs finds the place by equality, and NaN equals nothing.
            yield case(
                f"{op} over {axis}, NaN and infinity",
                op,
                lambda x, f=f, axis=axis: f(x, axis),
                {"x": (5, 7)},
                args={"axis": axis},
                at=at,
                gradients=False,
            )
    for op, f in [("argMax", torch.argmax), ("argMin", torch.argmin)]:
        for shape, axis in [((7,), 0), ((5, 3), 0), ((5, 3), 1), ((3, 21), -1), ((3, 4, 7), 1), ((1,), 0)]:
            yield case(
                f"{op} of {shape} along {axis}",
                op,
                lambda x, f=f, axis=axis: f(x, axis),
                {"x": shape},
                args={"axis": axis},
                gradients=False,
            )
        at = {"x": {0: INF, 8: -INF, 16: NAN, 17: -INF, 28: NAN, 34: INF}}
        # tfjs defines that they pass over NaN, but for the first number.
        passed_over = {"output": {2: {"argMax": 1, "argMin": 3}[op]}}
        yield case(
            f"{op}, NaN and infinity",
            op,
            lambda x, f=f: f(x, 1),
            {"x": (5, 7)},
            args={"axis": 1},
            at=at,
            gradients=False,
            instead=passed_over,
        )
        yield case(
            f"{op}, the first of equal numbers",
            op,
            lambda x, f=f: f(x, 0),
            {"x": torch.ones(9)},
            args={"axis": 0},
            gradients=False,
        )


def running(axis, exclusive, reverse):
    def f(x):
        turned = x.flip(axis) if reverse else x
        sums = turned.cumsum(axis)
        if exclusive:
            sums = torch.cat([torch.zeros_like(sums.narrow(axis, 0, 1)), sums.narrow(axis, 0, sums.shape[axis] - 1)], axis)
        return sums.flip(axis) if reverse else sums

    return f


def sums():
    for shape, axis in [((7,), 0), ((5, 3), 0), ((5, 3), 1), ((2, 5, 3), 1), ((1,), 0)]:
        for exclusive, reverse in [(False, False), (True, False), (False, True), (True, True)]:
            args = {"axis": axis, "exclusive": exclusive, "reverse": reverse}
            name = f"cumsum of {shape} along {axis}{', exclusive' if exclusive else ''}{', reversed' if reverse else ''}"
            yield case(name, "cumsum", running(axis, exclusive, reverse), {"x": shape}, args=args)
    args = {"axis": 0, "exclusive": False, "reverse": False}
    yield case("cumsum of nothing", "cumsum", running(0, False, False), {"x": (0, 3)}, args=args)
    yield case(
        "cumsum, NaN and infinity", "cumsum", running(0, False, False), {"x": (7, 3)}, args=args, at={"x": {4: NAN, 8: INF}}
    )
    yield case(
        "cumsum, NaN and infinity upstream",
        "cumsum",
        running(0, False, False),
        {"x": (7, 3)},
        args=args,
        upstream_at={4: NAN, 8: INF},
    )


def cases():
    yield from comparisons()
    yield from logic()
    yield from choices()
    yield from extremes()
    yield from sums()
