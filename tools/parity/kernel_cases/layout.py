"""What moves numbers and computes nothing: slices, joins, borders, transposes, tiles, reversals, copies, casts."""

import torch
import torch.nn.functional as F

from .recording import INF, NAN, case, ints


def both(name, op, f, inputs, args, **more):
    """As it is, and with numbers that a copy by arithmetic would change."""
    key = next(iter(inputs))
    size = torch.Size(inputs[key]).numel()
    yield case(f"{op}, {name}", op, f, inputs, args=args, **more)
    if size > 4:
        at = {key: {0: NAN, 2: INF, size - 1: -INF}}
        yield case(f"{op}, {name}, NaN and infinity", op, f, inputs, args=args, at=at, **more)


def window(begin, size):
    def f(x):
        for axis, (start, length) in enumerate(zip(begin, size)):
            x = x.narrow(axis, start, length)
        return x

    return f


SLICES = [
    ((7,), (2,), (3,)),
    ((5, 6), (1, 2), (3, 3)),
    ((5, 6), (0, 5), (5, 1)),
    ((3, 4, 5), (1, 0, 0), (2, 4, 5)),
    ((2, 3, 4, 5), (0, 1, 1, 1), (2, 2, 2, 3)),
    ((2, 3, 2, 3, 2), (0, 1, 0, 1, 0), (2, 2, 2, 1, 1)),
    ((1,), (0,), (1,)),
    ((7,), (3,), (0,)),
    ((0, 3), (0, 1), (0, 2)),
]

CONCATS = [
    (((3, 5), (2, 5)), 0),
    (((3, 5), (3, 2)), 1),
    (((2, 3, 5), (2, 1, 5)), 1),
    (((1,), (1,)), 0),
    (((0, 5), (3, 5)), 0),
    (((3, 0), (3, 7)), 1),
]

PADS = [
    ((5,), [[1, 2]], 0.0),
    ((3, 5), [[0, 0], [2, 1]], 0.0),
    ((3, 5), [[1, 0], [0, 3]], 1.5),
    ((2, 3, 3, 2), [[0, 0], [1, 2], [2, 1], [0, 0]], 0.0),
    ((2, 3, 5), [[0, 1], [0, 0], [1, 0]], 0.0),
    ((1,), [[0, 0]], 0.0),
    ((0, 3), [[1, 1], [0, 2]], 2.0),
]

PERMUTATIONS = [
    ((3, 5), (1, 0)),
    ((9, 6), (1, 0)),
    ((2, 3, 5), (0, 2, 1)),
    ((2, 3, 5), (2, 1, 0)),
    ((2, 3, 5), (1, 2, 0)),
    ((2, 3, 4, 5), (0, 2, 1, 3)),
    ((2, 3, 4, 5), (0, 3, 1, 2)),
    ((1, 1), (1, 0)),
    ((0, 3), (1, 0)),
]

TILES = [
    ((5,), (3,)),
    ((1, 3), (5, 1)),
    ((3, 1), (1, 7)),
    ((2, 3), (2, 3)),
    ((2, 3, 2), (2, 1, 3)),
    ((1,), (1,)),
    ((0, 2), (2, 3)),
]


def two_parts():
    for (a, b), axis in CONCATS:
        yield from both(
            f"{a} and {b} along {axis}",
            "concat",
            lambda a, b, axis=axis: torch.cat([a, b], axis),
            {"a": a, "b": b},
            {"axis": axis},
        )
    for axis in (0, 1):
        yield case(
            f"concat, of one tensor along {axis}",
            "concat",
            lambda a, b, axis=axis: torch.cat([a, b], axis),
            {"x": (3, 5)},
            args={"axis": axis},
            operands={"a": "x", "b": "x"},
        )


def mirrored(paddings, mode):
    def f(x):
        for axis, (before, after) in enumerate(paddings):
            size, edge = x.shape[axis], 1 if mode == "reflect" else 0
            inside = [*range(edge + before - 1, edge - 1, -1), *range(size), *range(size - 1 - edge, size - 1 - edge - after, -1)]
            x = x.index_select(axis, torch.tensor(inside, dtype=torch.int64))
        return x

    return f


def strided(begin, end, strides):
    def f(x):
        for axis, (start, stop, step) in enumerate(zip(begin, end, strides)):
            x = x.index_select(axis, torch.tensor(list(range(start, stop, step)), dtype=torch.int64))
        return x

    return f


def parts():
    """Stacks, what takes them apart, and splits."""
    for shape, axis in [((3, 5), 0), ((3, 5), 1), ((3, 5), 2), ((1,), 0), ((), 0), ((0, 3), 1)]:
        stacked = lambda a, b, axis=axis: torch.stack([a, b], axis)
        yield from both(f"{shape} along {axis}", "stack", stacked, {"a": shape, "b": shape}, {"axis": axis})
    yield case(
        "stack, of one tensor",
        "stack",
        lambda a, b: torch.stack([a, b], 1),
        {"x": (3, 5)},
        args={"axis": 1},
        operands={"a": "x", "b": "x"},
    )
    for shape, axis in [((3, 5), 0), ((3, 5), 1), ((2, 3, 5), 1), ((1, 1), 0), ((2, 0), 0)]:
        yield from both(
            f"{shape} along {axis}", "unstack", lambda x, axis=axis: torch.unbind(x, axis), {"x": shape}, {"axis": axis}
        )
    for shape, sizes, axis in [
        ((7,), (3, 4), 0),
        ((5, 7), (2, 5), 1),
        ((5, 7), (1, 1, 3), 0),
        ((2, 6, 5), (1, 2, 3), 1),
        ((1,), (1,), 0),
        ((0, 3), (1, 2), 1),
    ]:
        yield from both(
            f"{shape} into {sizes} along {axis}",
            "split",
            lambda x, sizes=sizes, axis=axis: torch.split(x, sizes, axis),
            {"x": shape},
            {"sizes": sizes, "axis": axis},
        )
    for shape, paddings in [
        ((5,), [[2, 1]]),
        ((3, 5), [[0, 0], [2, 2]]),
        ((3, 5), [[1, 2], [2, 0]]),
        ((2, 3, 3), [[0, 0], [1, 1], [2, 1]]),
        ((1,), [[0, 0]]),
    ]:
        for mode in ("reflect", "symmetric"):
            yield from both(
                f"{mode}, {shape} by {paddings}",
                "mirrorPad",
                mirrored(paddings, mode),
                {"x": shape},
                {"paddings": paddings, "mode": mode},
            )
    for shape, begin, end, strides in [
        ((7,), (1,), (7,), (2,)),
        ((7,), (6,), (0,), (-2,)),
        ((5, 6), (0, 5), (5, 1), (2, -1)),
        ((2, 3, 5), (1, 0, 1), (2, 3, 5), (1, 2, 3)),
        ((1,), (0,), (1,), (1,)),
        ((0, 3), (0, 0), (0, 3), (1, 2)),
    ]:
        yield from both(
            f"{shape} from {begin} to {end} by {strides}",
            "stridedSlice",
            strided(begin, end, strides),
            {"x": shape},
            {"begin": begin, "end": end, "strides": strides},
            gradients=False,
        )


def nothing_mirrored():
    """tfjs takes it by symmetry alone."""
    paddings = [[0, 0], [1, 2]]
    args = {"paddings": paddings, "mode": "symmetric"}
    return case("mirrorPad, nothing", "mirrorPad", mirrored(paddings, "symmetric"), {"x": (0, 3)}, args=args)


def casts():
    numbers = torch.tensor([0.0, 1.0, 256.0, -3.0, 0.5, NAN, -1.7])
    yield case("cast, to bool", "cast", lambda x: x.bool(), {"x": numbers}, args={"dtype": "bool"}, gradients=False)
    yield case(
        "cast, integers to bool",
        "cast",
        lambda x: x.bool(),
        {},
        constants={"x": ints(0, 1, 256, -3)},
        args={"dtype": "bool"},
        gradients=False,
    )
    yield case(
        "cast, to integers",
        "cast",
        lambda x: x.int(),
        {"x": torch.tensor([1.7, -1.7, 0.0, 9.0, 2.5])},
        args={"dtype": "int32"},
        gradients=False,
    )
    yield case(
        "cast, integers to numbers",
        "cast",
        lambda x: x.double(),
        {},
        constants={"x": ints(1, -7, 0, 9, 5)},
        args={"dtype": "float32"},
        gradients=False,
    )
    yield from both("to what it is", "cast", lambda x: x * 1, {"x": (7,)}, {"dtype": "float32"})
    yield case("cast, nothing", "cast", lambda x: x.bool(), {"x": (0,)}, args={"dtype": "bool"}, gradients=False)


def cases():
    for shape, begin, size in SLICES:
        yield from both(
            f"{shape} from {begin}, {size}", "slice", window(begin, size), {"x": shape}, {"begin": begin, "size": size}
        )
    yield from two_parts()
    yield from parts()
    for shape, border, value in PADS:
        flat = [side for axis in reversed(border) for side in axis]
        yield from both(
            f"{shape} by {border} of {value}",
            "pad",
            lambda x, flat=flat, value=value: F.pad(x, flat, value=value),
            {"x": shape},
            {"paddings": border, "value": value},
        )
    for shape, perm in PERMUTATIONS:
        yield from both(f"{shape} by {perm}", "transpose", lambda x, perm=perm: x.permute(perm), {"x": shape}, {"perm": perm})
    for shape, reps in TILES:
        yield from both(f"{shape} by {reps}", "tile", lambda x, reps=reps: x.repeat(reps), {"x": shape}, {"reps": reps})
    for shape, axis in [((5,), (0,)), ((3, 5), (1,)), ((2, 3, 5), (0, 2)), ((0, 3), (0,))]:
        yield from both(f"{shape} along {axis}", "reverse", lambda x, axis=axis: x.flip(axis), {"x": shape}, {"axis": axis})
    for shape in [(7,), (1,), (), (0,)]:
        yield from both(f"{shape}", "clone", lambda x: x * 1, {"x": shape}, {})
    yield nothing_mirrored()
    yield from casts()
