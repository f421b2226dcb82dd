"""A case in few bytes: inputs are drawn by a recipe that the tests repeat, and of long results a sample and a projection are kept.

The recipe is a hash of the case's name, the input's and the element's index: `drawnNumbers` in
`packages/testing/src/op-sweep/recipes.ts` computes the same bits.
"""

import math

import torch

from kernel_cases.recording import direction, exact, number, packed, place, reference, wiring_of

MASK = 0xFFFFFFFF
USUAL = (-2.5, 2.5)

# Results of more numbers than this are sampled. The projection shows that the others are right too.
WHOLE = 8
SAMPLES = 4


def seed_of(text):
    """FNV-1a over UTF-16 code units."""
    found = 0x811C9DC5
    for character in text:
        found = ((found ^ ord(character)) * 0x01000193) & MASK
    return found


def mixed(seed, index):
    """The finaliser of MurmurHash3."""
    x = (seed + index * 0x9E3779B9) & MASK
    x = ((x ^ (x >> 16)) * 0x85EBCA6B) & MASK
    x = ((x ^ (x >> 13)) * 0xC2B2AE35) & MASK
    return x ^ (x >> 16)


def draw(text, shape, bounds=USUAL):
    """Evenly between the bounds; never a whole number or a half where functions bend, unless the bounds are odd ones."""
    seed, (low, high) = seed_of(text), bounds
    count = torch.Size(shape).numel()
    values = [low + (high - low) * (2 * (mixed(seed, index) >> 16) + 1) / 131072 for index in range(count)]
    return torch.tensor(values, dtype=torch.float64).reshape(shape).float().double()


def bounds_of(case, key):
    return tuple(getattr(case.draws.get(key), "range", USUAL))


def finite(values):
    return all(math.isfinite(value) for value in values.values())


def is_ordinary(case):
    """Whether it is about numbers alone: accelerators are not asked what they make of NaN, nor of gradients that are inputs."""
    named = case.upstream is not None or case.upstream_at or case.instead
    return not named and all(finite(values) for values in case.at.values()) and all_finite(case.inputs.values())


def all_finite(inputs):
    return all(torch.isfinite(each).all() for each in inputs if isinstance(each, torch.Tensor) and each.is_floating_point())


def name_of(case):
    """Unique among the cases of its op, which it does not repeat."""
    rest = case.name.removeprefix(case.op)
    return rest.removeprefix(",").strip() if rest[:1] in (",", " ") else case.name


def text_of(case):
    return f"{case.op}: {name_of(case)}"


def compact(case):
    tensors, recipes = {}, {}
    for key, given in case.inputs.items():
        tensors[key], recipes[key] = made(case, key, given)
    fixed = {key: made(case, key, given)[0] for key, given in case.constants.items()}
    outputs, dys, found, _ = case.computed(tensors, fixed, lambda outputs: upstream_of(case, outputs))
    recorded = {"op": case.op, "name": name_of(case)}
    if case.args:
        recorded["args"] = case.args
    recorded["inputs"] = recipes
    if fixed:
        recorded["constants"] = {key: packed(tensor, exact) for key, tensor in fixed.items()}
    if case.operands:
        recorded["operands"] = wiring_of(case.operands, [*tensors, *fixed])
    recorded["outputs"] = [sampled(output) for output in outputs]
    if dys is not None:
        # Of the input's shape.
        recorded["gradients"] = {key: without_shape(sampled(gradient)) for key, gradient in found.items()}
    return recorded


def made(case, key, given):
    """A tensor, and how the tests make it: a shape, a shape with bounds, or its numbers."""
    if isinstance(given, torch.Tensor):
        tensor = given.double() if given.is_floating_point() else given.clone()
        place(tensor, case.at.get(key, {}))
        return tensor, packed(tensor, exact)
    bounds = bounds_of(case, key)
    tensor = draw(f"{text_of(case)}/{key}", given, bounds)
    if key in case.at:
        place(tensor, case.at[key])
        return tensor, packed(tensor, exact)
    return tensor, list(given) if bounds == USUAL else {"shape": list(given), "between": bounds}


def upstream_of(case, outputs):
    return [draw(f"{text_of(case)}/upstream/{index}", tuple(output.shape)) for index, output in enumerate(outputs)]


def sampled(tensor):
    tensor = tensor.detach()
    count = tensor.numel()
    whole = packed(tensor, reference)
    if count <= WHOLE:
        return whole
    # Odd, so that rows of even length are not always met in the same column.
    step = -(-count // SAMPLES) | 1
    along = float((tensor.double() * direction(tensor)).sum())
    return whole | {"data": whole["data"][::step], "along": number(along, 8)}


def without_shape(recorded):
    """Numbers alone where all are there."""
    return {key: recorded[key] for key in ("data", "along")} if "along" in recorded else recorded["data"]
