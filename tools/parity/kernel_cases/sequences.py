"""Attention, LSTM and GRU over sequences, and dropout."""

import math

import torch
import torch.nn.functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

from .philox import kept
from .recording import INF, NAN, case, spread

KEY = [123456789, 987654321]


def dropped(rate):
    def f(x):
        return x * kept(x.shape, rate, KEY) / (1 - rate)

    return f


def drops(shape, rate, places):
    """What is dropped is 0, whatever it was; PyTorch multiplies it by 0."""
    dropped_places = {index: 0.0 for index in places if not kept(shape, rate, KEY).view(-1)[index]}
    return {"output": dropped_places, "x": dropped_places}


def dropouts():
    def one(name, x, rate=0.3, **more):
        return case(f"dropout, {name}", "dropout", dropped(rate), {"x": x}, args={"rate": rate, "key": KEY}, **more)

    for shape in [(17,), (3, 7), (1,), (), (0, 3)]:
        yield one(f"of {shape}", shape)
    yield one("at rate 0", (7,), 0.0)
    yield one("at rate 0.9", (33,), 0.9)
    yield one(
        "NaN and infinity",
        (17,),
        at={"x": {0: NAN, 1: NAN, 2: NAN, 5: INF, 6: INF, 7: -INF}},
        instead=drops((17,), 0.3, range(17)),
    )
    yield one(
        "NaN and infinity upstream",
        (17,),
        upstream_at={0: NAN, 1: NAN, 2: NAN, 5: INF, 6: INF, 7: -INF},
        instead=drops((17,), 0.3, range(17)),
    )
    yield one("itself upstream", (7,), upstream="x")


def attending(heads, scale, causal_offset, rate):
    def f(query, key, value, mask=None):
        def split(x):
            return x.unflatten(-1, (heads, -1)).transpose(1, 2)

        q, k, v = split(query), split(key), split(value)
        added = visible(q.shape[2], k.shape[2], causal_offset, mask)
        if rate:
            weights = torch.softmax(q @ k.mT / math.sqrt(q.shape[-1]) + added, -1) * kept((*q.shape[:3], k.shape[2]), rate, KEY)
            y = weights @ v / (1 - rate)
        else:
            with sdpa_kernel(SDPBackend.MATH):
                y = F.scaled_dot_product_attention(q, k, v, attn_mask=added, scale=scale)
        return y.transpose(1, 2).flatten(2)

    return f


def visible(queries, keys, causal_offset, mask):
    """What is added to the scores."""
    added = torch.zeros(queries, keys) if mask is None else mask
    if causal_offset is None:
        return added
    later = torch.arange(keys)[None] > torch.arange(queries)[:, None] + causal_offset
    return added.masked_fill(later, -INF) if mask is None else added + torch.zeros(queries, keys).masked_fill(later, -INF)


# batch, heads, queries, keys, size, size of the values
SIZES = [(2, 2, 3, 5, 3, 2), (1, 1, 1, 1, 1, 1), (1, 3, 4, 4, 5, 5), (2, 1, 5, 3, 4, 7), (0, 2, 3, 4, 2, 2), (1, 2, 9, 7, 6, 3)]


def shapes(batch, heads, queries, keys, size, value_size):
    return {
        "query": (batch, queries, heads * size),
        "key": (batch, keys, heads * size),
        "value": (batch, keys, heads * value_size),
    }


def attention(name, inputs, heads, causal_offset=None, scale=None, rate=0.0, mask=None, **more):
    args = {"heads": heads}
    if scale is not None:
        args["scale"] = scale
    if causal_offset is not None:
        args |= {"causal": True, "causalOffset": causal_offset}
    if rate:
        args["dropout"] = {"rate": rate, "key": KEY}
    constants = {} if mask is None else {"mask": mask}
    f = attending(heads, scale, causal_offset, rate)
    return case(f"attention, {name}", "attention", f, inputs, constants=constants, args=args, **more)


def hiding(*shape, seed=5):
    """A mask with a number for most keys; every fourth is hidden, and the first query's all where queries differ."""
    mask = torch.randn(shape, generator=torch.Generator().manual_seed(seed)).mul(100).round().div(100).float().double()
    mask.view(-1)[1::4] = -INF
    if shape[2] > 1:
        mask[:, :, 0] = -INF
    return mask


def attentions():
    for sizes in SIZES:
        yield attention(f"{sizes}", shapes(*sizes), sizes[1])
    base = shapes(2, 2, 3, 5, 3, 2)
    for offset in (0, 2, -1, -3, 100, -100):
        yield attention(f"causal by {offset}", base, 2, offset)
    yield attention("causal, as many keys as queries", shapes(1, 2, 7, 7, 3, 3), 2, 0)
    for shape in [(2, 1, 1, 5), (1, 2, 3, 5), (2, 2, 3, 5), (1, 1, 1, 5)]:
        yield attention(f"a mask {shape}", base, 2, mask=hiding(*shape))
        yield attention(f"a mask {shape}, causal by 1", base, 2, 1, mask=hiding(*shape))
    yield attention("another scale", base, 2, scale=0.3)
    yield attention("dropout", base, 2, rate=0.4)
    yield attention("dropout, causal", base, 2, 1, rate=0.4)
    for place in ("query", "key", "value"):
        yield attention(f"NaN in {place}", base, 2, at={place: {7: NAN}})
    yield attention("infinity in the values", base, 2, at={"value": {7: INF}})
    yield attention("NaN in the mask", base, 2, mask=hiding(1, 1, 1, 5), at={"mask": {2: NAN}})
    yield attention("NaN upstream", base, 2, upstream_at={2: NAN})
    yield attention("infinity upstream", base, 2, upstream_at={2: INF}, unordered=True)
    same = {"x": (2, 5, 6)}
    wiring = {"query": "x", "key": "x", "value": "x"}
    yield attention("of one tensor", same, 2, operands=wiring)
    yield attention("of one tensor, causal", same, 3, 0, operands=wiring)
    yield attention("keys are values", {"query": (1, 4, 4), "x": (1, 3, 4)}, 2, operands={"key": "x", "value": "x"})
    yield attention("itself upstream", shapes(1, 2, 3, 3, 3, 3), 2, upstream="query")
    yield attention("its own result upstream", base, 2, upstream="output")


def layer(kind):
    def f(x, inputWeight, recurrentWeight, inputBias=None, recurrentBias=None, hidden=None, cell=None):
        state = torch.zeros(1, x.shape[0], recurrentWeight.shape[0])
        first = state if hidden is None else hidden[None]
        weights = [inputWeight.t().contiguous(), recurrentWeight.t().contiguous()]
        biased = inputBias is not None
        if biased:
            weights += [inputBias, recurrentBias]
        if kind == "gru":
            output, last = torch._VF.gru(x, first, weights, biased, 1, 0.0, True, False, True)
            return output, last[0]
        states = [first, state if cell is None else cell[None]]
        output, last, last_cell = torch._VF.lstm(x, states, weights, biased, 1, 0.0, True, False, True)
        return output, last[0], last_cell[0]

    return f


GATES = {"lstm": 4, "gru": 3}


def operands_of(kind, batch, time, inputs, hidden, biases=True, states=True):
    width = GATES[kind] * hidden
    found = {"x": (batch, time, inputs), "inputWeight": (inputs, width), "recurrentWeight": (hidden, width)}
    if biases:
        found |= {"inputBias": (width,), "recurrentBias": (width,)}
    if states:
        found |= {"hidden": (batch, hidden)} | ({"cell": (batch, hidden)} if kind == "lstm" else {})
    return found


def recurrent(kind):
    def one(name, inputs, **more):
        draws = {key: spread(-1, 1) for key in ("inputWeight", "recurrentWeight", "inputBias", "recurrentBias", "weight", "bias")}
        return case(f"{kind}, {name}", kind, layer(kind), inputs, draws=draws, **more)

    for sizes in [(3, 4, 2, 3), (1, 1, 1, 1), (2, 3, 5, 5), (5, 2, 3, 4), (2, 2, 3, 9)]:
        yield one(f"{sizes}", operands_of(kind, *sizes))
    yield one("no biases", operands_of(kind, 2, 3, 2, 3, biases=False))
    yield one("no states", operands_of(kind, 2, 3, 2, 3, states=False))
    whole = operands_of(kind, 3, 3, 2, 5)
    for place, at in [
        ("x", {8: NAN}),
        ("hidden", {7: NAN}),
        ("inputWeight", {3: NAN}),
        ("recurrentBias", {2: NAN}),
        ("x", {8: INF, 3: -INF}),
    ]:
        infinite = len(at) > 1
        yield one(f"{'infinity' if infinite else 'NaN'} in {place}", whole, at={place: at}, unordered=infinite)
    for name, value in [("NaN", NAN), ("infinity", INF)]:
        yield one(f"{name} upstream", whole, upstream_at={16: value}, unordered=value == INF)
    if kind == "lstm":
        shared = {key: shape for key, shape in whole.items() if key not in ("hidden", "cell")} | {"state": (3, 5)}
        yield one("the hidden state is the cell", shared, operands={"hidden": "state", "cell": "state"})
        yield one("one tensor upstream of both states", whole, upstream=[None, "hidden", "hidden"])
    shared = {key: shape for key, shape in whole.items() if key not in ("inputBias", "recurrentBias")} | {
        "bias": whole["inputBias"]
    }
    yield one("one bias for both", shared, operands={"inputBias": "bias", "recurrentBias": "bias"})
    square = operands_of(kind, 2, 3, 3, 3)
    shared = {key: shape for key, shape in square.items() if key not in ("inputWeight", "recurrentWeight")} | {
        "weight": square["inputWeight"]
    }
    yield one("one weight for both", shared, operands={"inputWeight": "weight", "recurrentWeight": "weight"})
    yield one("its own result upstream", whole, upstream="output")


def cases():
    yield from dropouts()
    yield from attentions()
    for kind in GATES:
        yield from recurrent(kind)
