"""What changes shapes, places by index, running products, the largest few."""

import torch

from kernel_cases.recording import case, ints


def reshapes():
    for shape, to in [((6,), (2, 3)), ((3, 5), (15,)), ((1,), ()), ((), (1, 1)), ((0, 3), (3, 0, 2)), ((2, 3, 5), (5, 6))]:
        f = lambda x, to=to: x.reshape(to)
        yield case(f"reshape of {shape} to {to}", "reshape", f, {"x": shape}, args={"shape": list(to)})
    for shape, axis in [((5,), 0), ((3, 5), 1), ((3, 5), 2), ((), 0), ((0, 3), 1)]:
        f = lambda x, axis=axis: x.unsqueeze(axis)
        yield case(f"expandDims of {shape} at {axis}", "expandDims", f, {"x": shape}, args={"axis": axis})
    for shape in [(1, 5), (3, 1), (1, 1), (1, 0)]:
        yield case(f"squeeze of {shape}", "squeeze", lambda x: x.squeeze(), {"x": shape})
    for shape, to in [((5,), (3, 5)), ((3, 1), (3, 5)), ((), (2, 3)), ((1,), (0,)), ((2, 1, 5), (2, 3, 5))]:
        f = lambda x, to=to: x.expand(to).clone()
        yield case(f"broadcastTo, {shape} to {to}", "broadcastTo", f, {"x": shape}, args={"shape": list(to)})


def to_batch(block, paddings):
    """Rows and columns of one place in their block become one image of the batch."""

    def f(x):
        (top, bottom), (left, right) = paddings
        x = torch.nn.functional.pad(x.permute(0, 3, 1, 2), (left, right, top, bottom)).permute(0, 2, 3, 1)
        batch, height, width, channels = x.shape
        rows, columns = block
        x = x.reshape(batch, height // rows, rows, width // columns, columns, channels)
        return x.permute(2, 4, 0, 1, 3, 5).reshape(rows * columns * batch, height // rows, width // columns, channels)

    return f


def from_batch(block, crops):
    def f(x):
        (top, bottom), (left, right) = crops
        rows, columns = block
        images, height, width, channels = x.shape
        batch = images // (rows * columns)
        x = x.reshape(rows, columns, batch, height, width, channels).permute(2, 3, 0, 4, 1, 5)
        x = x.reshape(batch, height * rows, width * columns, channels)
        return x[:, top : x.shape[1] - bottom, left : x.shape[2] - right]

    return f


def blocks():
    for shape, block, border in [((2, 4, 6, 3), (2, 3), [[0, 0], [0, 0]]), ((1, 3, 5, 2), (2, 2), [[1, 0], [0, 1]])]:
        yield case(
            f"spaceToBatchND of {shape} by {block}, {border}",
            "spaceToBatchND",
            to_batch(block, border),
            {"x": shape},
            args={"blockShape": list(block), "paddings": border},
        )
    for shape, block, border in [((6, 2, 2, 3), (2, 3), [[0, 0], [0, 0]]), ((4, 2, 3, 2), (2, 2), [[1, 0], [0, 1]])]:
        yield case(
            f"batchToSpaceND of {shape} by {block}, {border}",
            "batchToSpaceND",
            from_batch(block, border),
            {"x": shape},
            args={"blockShape": list(block), "crops": border},
        )


def products(axis, exclusive, reverse):
    def f(x):
        turned = x.flip(axis) if reverse else x
        if exclusive:
            ones = torch.ones_like(turned.narrow(axis, 0, 1))
            turned = torch.cat([ones, turned.narrow(axis, 0, turned.shape[axis] - 1)], axis)
        found = turned.cumprod(axis)
        return found.flip(axis) if reverse else found

    return f


def running():
    for shape, axis in [((5,), 0), ((3, 5), 1), ((5, 3), 0), ((1,), 0)]:
        for exclusive, reverse in [(False, False), (True, False), (False, True)]:
            args = {"axis": axis, "exclusive": exclusive, "reverse": reverse}
            name = f"cumprod of {shape} along {axis}{', exclusive' if exclusive else ''}{', reversed' if reverse else ''}"
            yield case(name, "cumprod", products(axis, exclusive, reverse), {"x": shape}, args=args)
    zeros = {"x": {1: 0.0, 6: 0.0, 7: 0.0}}
    args = {"axis": 1, "exclusive": False, "reverse": False}
    yield case("cumprod with zeros", "cumprod", products(1, False, False), {"x": (2, 5)}, args=args, at=zeros)


def places():
    for shape, k in [((7,), 3), ((3, 7), 2), ((1, 1), 1), ((2, 3, 5), 5)]:
        f = lambda x, k=k: torch.topk(x, k).values
        yield case(f"topk, {k} of {shape}", "topk", f, {"x": shape}, args={"k": k})
    for shape, indices in [((5,), ints(3, 0, 3).reshape(3, 1)), ((3, 5), ints(2, 1, 0, 4, 2, 1).reshape(3, 2)), ((3, 5), ints(2, 0).reshape(2, 1))]:
        f = lambda x, indices: x[tuple(indices.unbind(-1))]
        yield case(f"gatherND of {shape} by {list(indices.shape)}", "gatherND", f, {"x": shape}, constants={"indices": indices})
    scatter = lambda updates, indices: torch.zeros(4, 3).index_add(0, indices[:, 0], updates)
    yield case(
        "scatterND of rows",
        "scatterND",
        scatter,
        {"updates": (3, 3)},
        constants={"indices": ints(2, 0, 2).reshape(3, 1)},
        args={"shape": [4, 3]},
        gradients=False,
    )
    for name, ids in [("a vector", ints(0, 2, 1)), ("a matrix", ints(0, 2, 1, 1).reshape(2, 2)), ("nothing", ints())]:
        hot = lambda indices: torch.nn.functional.one_hot(indices, 3).double()
        yield case(f"oneHot of {name}", "oneHot", hot, {}, constants={"indices": ids}, args={"depth": 3}, gradients=False)


def made():
    """What makes numbers of none."""
    for shape in [(3, 5), (1,), (), (0, 3)]:
        args = {"shape": list(shape), "value": 1.5}
        yield case(f"fill {shape}", "fill", lambda shape=shape: torch.full(shape, 1.5), {}, args=args, gradients=False)
        yield case(f"zerosLike {shape}", "zerosLike", lambda x: torch.zeros_like(x), {"x": shape}, gradients=False)
    for start, stop, step in [(0, 7, 1), (5, -4, -3), (0, 0, 1)]:
        args = {"start": start, "stop": stop, "step": step}
        f = lambda start=start, stop=stop, step=step: ints(*range(start, stop, step))
        yield case(f"range from {start} to {stop} by {step}", "range", f, {}, args=args, gradients=False)


def cases():
    yield from reshapes()
    yield from blocks()
    yield from running()
    yield from places()
    yield from made()
