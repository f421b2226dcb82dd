"""One case of the sweep: drawn, computed in float64, differentiated, checked by central differences, and packed.

A family is a module with `cases()`; its rows name an op of `packages/kernels/test/sweep/ops`, the shapes of its inputs,
and the same function in PyTorch. Numbers lie in levin's layout.
"""

import json
import math
import struct
import zlib

import torch

NAN = math.nan
INF = math.inf
DY = object()

# Of the argument, in the direction below: far above float64's rounding, far below the curvature of any op.
STEP = 1e-5


def ints(*values):
    return torch.tensor(values, dtype=torch.int64)


def draw(shape, seed, scale=1.0):
    """Numbers of three digits, exact in JSON and rounded to float32 alike on both sides; none is 0, where functions bend."""
    generator = torch.Generator().manual_seed(zlib.crc32(seed.encode()))
    values = torch.round(torch.randn(shape, generator=generator) * scale * 1000) / 1000
    return torch.where(values == 0, 0.5, values).float().double()


def spread(low, high):
    """Drawn evenly from `low` to `high`."""

    def make(shape, seed):
        generator = torch.Generator().manual_seed(zlib.crc32(seed.encode()))
        values = low + torch.rand(shape, generator=generator) * (high - low)
        return (torch.round(values * 1000) / 1000).float().double()

    make.range = (low, high)
    return make


def direction(tensor):
    """The direction of differences; the tests compute the same numbers."""
    return torch.cos(1 + torch.arange(tensor.numel(), dtype=torch.float64)).reshape(tensor.shape)


class Case:
    """
    inputs: by name, a shape to draw or a tensor. What has a gradient.
    constants: tensors without one (ids, masks).
    operands: the op's operand by name: the name of an input or constant, or (name, shape) for the same data under another
        shape. Default: each is the operand of its name. Two operands of one tensor alias.
    at: by input or constant, numbers by flat index that take the place of the drawn ones.
    upstream_at: the same for the gradient of the first output.
    upstream: 'output', or the name of an input that is its own upstream gradient; a list names one for each output, None
        for drawn ones. Default: drawn.
    draws: by input, how to draw it. Default: normal.
    gradients: False where there is none to compare.
    smooth: False where the function bends at the point, so that differences say nothing.
    instead: by 'output' or an input, for its gradient: what is right by flat index where levin gives another number than
        PyTorch on purpose; the reason stands beside the case. `DY` is the upstream gradient of that place.
    unordered: True where infinities are summed: NaN or infinite, by the order of the sum.
    """

    def __init__(
        self,
        name,
        op,
        f,
        inputs,
        *,
        args=None,
        constants=None,
        operands=None,
        at=None,
        upstream_at=None,
        upstream=None,
        draws=None,
        gradients=True,
        smooth=True,
        instead=None,
        unordered=False,
    ):
        self.name, self.op, self.f, self.inputs = name, op, f, inputs
        self.args, self.constants, self.operands = args, constants or {}, operands or {}
        self.at, self.upstream_at, self.upstream = at or {}, upstream_at or {}, upstream
        self.draws, self.gradients, self.smooth = draws or {}, gradients, smooth
        self.instead, self.unordered = instead or {}, unordered

    def computed(self, tensors, fixed, upstream):
        """Outputs, their upstream gradients by `upstream(outputs)`, and gradients by input, confirmed by differences."""
        wiring = wired(self.operands, [*tensors, *fixed])
        run = runner(self.f, wiring, fixed)
        leaves = {key: tensor.clone().requires_grad_(self.gradients) for key, tensor in tensors.items()}
        outputs = run(leaves)
        if not self.gradients:
            return outputs, None, None, None
        dys = upstream(outputs)
        found = dict(zip(leaves, torch.autograd.grad(outputs, list(leaves.values()), dys)))
        slopes = None
        if self.smooth and all(torch.isfinite(tensor).all() for tensor in [*tensors.values(), *dys, *outputs]):
            slopes = {key: slope(self.name, run, tensors, key, dys, found[key]) for key in tensors}
        return outputs, dys, found, slopes

    def recorded(self):
        """All there is to know, for the sweep of @levin/kernels."""
        tensors, fixed = drawn(self.name, self.inputs, self.draws), drawn(self.name, self.constants, self.draws)
        for key, values in self.at.items():
            place((tensors | fixed)[key], values)
        outputs, dys, found, slopes = self.computed(tensors, fixed, lambda outputs: self.upstream_gradients(tensors, outputs))
        recorded = {"name": self.name, "op": self.op}
        if self.args:
            recorded["args"] = self.args
        recorded["inputs"] = packed_all(tensors, exact)
        if fixed:
            recorded["constants"] = packed_all(fixed, exact)
        if self.operands:
            recorded["operands"] = wiring_of(self.operands, [*tensors, *fixed])
        write_number = either if self.unordered else reference
        recorded["outputs"] = [packed(corrected(output, "output", self.instead), write_number) for output in outputs]
        if dys is None:
            return recorded
        names = names_of(self.upstream, outputs)
        recorded["upstream"] = [packed(dy, exact) if of is None else of for of, dy in zip(names, dys)]
        recorded["gradients"] = {
            key: packed(corrected(found[key], key, self.instead, dys[0]), write_number) for key in found
        }
        if slopes is not None:
            recorded["slopes"] = slopes
        return recorded

    def upstream_gradients(self, tensors, outputs):
        named = zip(outputs, names_of(self.upstream, outputs))
        dys = [upstream_gradient(f"{self.name}/upstream/{index}", tensors, *each) for index, each in enumerate(named)]
        place(dys[0], self.upstream_at)
        return dys


case = Case


def drawn(name, shapes, draws):
    """Tensors by name: those that are given, and for shapes new ones that depend on the names alone."""
    return {key: make(value, f"{name}/{key}", (draws or {}).get(key, draw)) for key, value in shapes.items()}


def wired(operands, names):
    """By operand the tensor that it is, and its shape, None for the tensor's own."""
    wiring = {operand: source if isinstance(source, tuple) else (source, None) for operand, source in operands.items()}
    taken = {name for name, _ in wiring.values()}
    return wiring | {name: (name, None) for name in names if name not in taken}


def wiring_of(operands, names):
    return {
        key: {"of": of} if shape is None else {"of": of, "shape": shape} for key, (of, shape) in wired(operands, names).items()
    }


def runner(f, wiring, fixed):
    def run(given):
        sources = given | fixed
        operands = {key: sources[of] if shape is None else sources[of].reshape(shape) for key, (of, shape) in wiring.items()}
        result = f(**operands)
        return list(result) if isinstance(result, (list, tuple)) else [result]

    return run


def corrected(tensor, key, instead, dy=None):
    corrections = (instead or {}).get(key, {})
    tensor = tensor.detach().clone() if corrections else tensor
    place(tensor, {index: dy.view(-1)[index] if value is DY else value for index, value in corrections.items()})
    return tensor


def make(value, seed, how):
    if isinstance(value, torch.Tensor):
        return value.double() if value.dtype.is_floating_point else value.clone()
    return how(tuple(value), seed)


def place(tensor, values):
    for index, value in values.items():
        tensor.view(-1)[index] = value


def names_of(upstream, outputs):
    return upstream if isinstance(upstream, list) else [upstream] * len(outputs)


def upstream_gradient(seed, tensors, output, named):
    if named is None:
        return draw(tuple(output.shape), seed)
    return output.detach().clone() if named == "output" else tensors[named].clone()


def slope(name, run, tensors, key, dys, gradient):
    """How fast `sum(dy · f)` changes along `direction`, by central differences; PyTorch's gradient must say the same."""
    along = direction(tensors[key])

    def total(step):
        moved = {other: tensor + step * along if other == key else tensor for other, tensor in tensors.items()}
        with torch.no_grad():
            return sum(float((dy * output).sum()) for dy, output in zip(dys, run(moved)))

    value = (total(STEP) - total(-STEP)) / (2 * STEP)
    size = float((gradient * along).abs().sum())
    if abs(value - float((gradient * along).sum())) > 1e-6 * (1 + size):
        raise ValueError(f"{name}: differences of {key} give {value}, the gradient {float((gradient * along).sum())}")
    return float(f"{value:.9g}")


# --- Writing ---


def number(value, digits=9):
    """JSON has no NaN and no infinity."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    rounded = float(f"{value:.{digits}g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 1e9 else rounded


def exact(value):
    """The fewest digits that are the same float32."""
    if not math.isfinite(value):
        return number(value)
    return next(number(value, digits) for digits in range(1, 10) if as_float32(number(value, digits)) == as_float32(value))


def as_float32(value):
    return struct.unpack("f", struct.pack("f", value))[0]


def reference(value):
    """Seven digits are more than a float32 result is asked for."""
    return number(value, 7)


def either(value):
    return reference(value) if math.isfinite(value) else "not finite"


def packed(tensor, write_number=reference):
    tensor = tensor.detach()
    if tensor.dtype in (torch.int32, torch.int64):
        return {"shape": list(tensor.shape), "dtype": "int32", "data": tensor.flatten().tolist()}
    if tensor.dtype == torch.bool:
        return {"shape": list(tensor.shape), "dtype": "bool", "data": tensor.flatten().int().tolist()}
    # What is beyond the range of float32 is infinite there.
    finite = torch.where(tensor.double().abs() > torch.finfo(torch.float32).max, tensor.float().double(), tensor.double())
    return {"shape": list(tensor.shape), "data": [write_number(x) for x in finite.flatten().tolist()]}


def packed_all(tensors, write_number=reference):
    return {key: packed(tensor, write_number) for key, tensor in tensors.items()}


def write(folder, name, cases, **more):
    cases = [case.recorded() if isinstance(case, Case) else case for case in cases]
    names = [case["name"] for case in cases]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"{name}: every case needs a name of its own; twice: {sorted(twice)}")
    folder.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    version = torch.__version__.split("+")[0]
    others = "".join(f',"{key}":{json.dumps(value, separators=(",", ":"))}' for key, value in more.items())
    (folder / f"{name}.json").write_text(f'{{"torch":"{version}"{others},"cases":[\n{lines}\n]}}\n')
