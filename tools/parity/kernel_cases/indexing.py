"""Rows by index and their sums: gather, segment sums, embeddings."""

import torch

from .recording import INF, NAN, case, ints


def gather(axis):
    def f(x, indices):
        picked = x.index_select(axis, indices.flatten())
        at = axis % x.dim()
        return picked.reshape(*x.shape[:at], *indices.shape, *x.shape[at + 1 :])

    return f


def of_integers(name, op, f, ids, operand, args):
    """Ids that are the rows themselves."""
    return case(name, op, f, {}, constants={"ids": ids}, operands={"x": "ids", operand: "ids"}, args=args, gradients=False)


def gathered(name, x, indices, axis=0, **more):
    return case(f"gather, {name}", "gather", gather(axis), {"x": x}, constants={"indices": indices}, args={"axis": axis}, **more)


def segments(count):
    def f(x, segmentIds):
        known = (segmentIds >= 0) & (segmentIds < count)
        return torch.zeros(count, *x.shape[1:], dtype=x.dtype).index_add(0, segmentIds[known], x[known])

    return f


def summed(name, x, ids, count, **more):
    return case(
        f"segment sum, {name}",
        "segmentSum",
        segments(count),
        {"x": x},
        constants={"segmentIds": ids},
        args={"count": count},
        **more,
    )


def looked_up(padding):
    def f(table, ids):
        return torch.nn.functional.embedding(ids, table, padding_idx=padding)

    return f


def embedding(name, table, ids, padding=None, **more):
    args = {} if padding is None else {"paddingIndex": padding}
    # The gradient leaves the padding row out, and is that of no function.
    return case(
        f"embedding, {name}",
        "embedding",
        looked_up(padding),
        {"table": table},
        constants={"ids": ids},
        args=args,
        smooth=padding is None,
        **more,
    )


NOTHING = torch.zeros(0, dtype=torch.int64)


def cases():
    yield gathered("numbers", (7,), ints(6, 0, 0, 3))
    yield gathered("rows", (7, 5), ints(6, 0, 0, 3))
    yield gathered("columns", (3, 7), ints(4, 4, 1), 1)
    yield gathered("an inner axis", (3, 4, 5), ints(3, 1), 1)
    yield gathered("the last axis by a matrix", (2, 3, 5), ints(0, 4, 4, 1).reshape(2, 2), -1)
    yield gathered("one row by a number", (3, 5), torch.tensor(2))
    yield gathered("one of one", (1,), ints(0))
    yield gathered("no index", (3, 5), NOTHING)
    yield gathered("rows of nothing", (3, 0), ints(2, 0))
    yield gathered("NaN and infinity", (5, 3), ints(1, 4, 1), at={"x": {3: NAN, 4: INF, 0: NAN, 14: -INF}})
    yield gathered("NaN and infinity upstream", (5, 3), ints(1, 4, 1), upstream_at={0: NAN, 4: INF, 1: INF, 7: -INF})
    yield gathered("its own result upstream", (5, 3), ints(1, 4, 1), upstream="output")

    yield of_integers("gather, integers by themselves", "gather", gather(0), ints(2, 0, 1, 1, 4), "indices", {"axis": 0})
    yield of_integers(
        "segment sum, integers by themselves", "segmentSum", segments(5), ints(2, 0, 2, 1, 4), "segmentIds", {"count": 5}
    )
    yield summed("numbers", (7,), ints(2, 0, 2, 1, 0, 2, 2), 4)
    yield summed("rows", (6, 5), ints(2, 0, 2, 1, 0, 2), 3)
    yield summed("slices", (5, 3, 3), ints(1, 1, 0, 1, 0), 2)
    yield summed("one of one", (1,), ints(0), 1)
    yield summed("no rows", (0, 5), NOTHING, 3)
    yield summed("no segments", (3, 5), ints(0, 1, 2), 0, gradients=False)
    yield summed("out of range", (5, 3), ints(-1, 0, 3, 2, 1), 3, at={"x": {0: NAN, 7: INF}}, gradients=False)
    yield summed("NaN and infinity", (5, 3), ints(0, 1, 1, 0, 1), 3, at={"x": {0: NAN, 4: INF, 7: -INF, 8: INF}})
    yield summed("NaN and infinity upstream", (5, 3), ints(0, 1, 1, 0, 1), 3, upstream_at={0: NAN, 4: INF})
    yield summed("itself upstream", (3, 5), ints(2, 0, 1), 3, upstream="x")

    yield embedding("words", (7, 5), ints(3, 0, 3, 3, 1, 0).reshape(2, 3))
    yield embedding("one row", (5, 3), torch.tensor(2))
    yield embedding("one of one", (1, 1), ints(0))
    yield embedding("no words", (5, 2), NOTHING)
    yield embedding("padding", (7, 5), ints(3, 2, 3, 2, 1), 2)
    yield embedding("NaN and infinity", (5, 3), ints(1, 4, 1), at={"table": {3: NAN, 4: INF, 0: NAN, 14: -INF}})
    yield embedding("NaN and infinity upstream", (5, 3), ints(1, 4, 1), upstream_at={0: NAN, 4: INF, 1: INF, 7: -INF})
    yield embedding("padding, NaN and infinity upstream", (5, 3), ints(1, 4, 1), 1, upstream_at={0: NAN, 4: INF})
    yield embedding("its own result upstream", (5, 3), ints(1, 4, 1), upstream="output")
