"""Ten steps of each optimizer, and what training does with gradients besides: their squared norm, their sum."""

import torch
from torch import optim

from .recording import INF, NAN, case, draw, exact, packed

SHAPES = [(), (1,), (7,), (2, 9), (0,)]
STEPS = 10
# In the gradient of the fourth parameter, from the third step on.
SPECIAL = {0: NAN, 3: INF, 9: -INF, 17: 0.0}

# levin's options, and what PyTorch is to do with them.
RULES = {
    "sgdUpdate": [
        ({"learningRate": 0.1}, {}),
        ({"learningRate": 0.1, "weightDecay": 0.3, "maximize": True}, {"weight_decay": 0.3, "maximize": True}),
        (
            {"learningRate": 0.1, "momentum": 0.9, "dampening": 0.4, "weightDecay": 0.1},
            {"momentum": 0.9, "dampening": 0.4, "weight_decay": 0.1},
        ),
        ({"learningRate": 0.1, "momentum": 0.9, "nesterov": True}, {"momentum": 0.9, "nesterov": True}),
        ({"learningRate": 0.1, "gradientScale": 0.5, "clipValue": 0.2}, {}),
    ],
    "adamUpdate": [
        ({"learningRate": 0.01}, {}),
        (
            {"learningRate": 0.01, "beta1": 0.8, "beta2": 0.95, "epsilon": 0.1, "weightDecay": 0.2},
            {"betas": (0.8, 0.95), "eps": 0.1, "weight_decay": 0.2},
        ),
        ({"learningRate": 0.01, "weightDecay": 0.2, "decoupled": True}, {"weight_decay": 0.2}),
        (
            {"learningRate": 0.01, "amsgrad": True, "beta2": 0.5, "maximize": True},
            {"amsgrad": True, "betas": (0.9, 0.5), "maximize": True},
        ),
        ({"learningRate": 0.01, "gradientScale": 0.25, "clipValue": 0.1}, {}),
    ],
    "rmspropUpdate": [
        ({"learningRate": 0.01}, {}),
        (
            {"learningRate": 0.01, "alpha": 0.9, "epsilon": 0.1, "weightDecay": 0.1, "maximize": True},
            {"alpha": 0.9, "eps": 0.1, "weight_decay": 0.1, "maximize": True},
        ),
        ({"learningRate": 0.01, "momentum": 0.9}, {"momentum": 0.9}),
        (
            {"learningRate": 0.01, "centered": True, "momentum": 0.5, "epsilon": 0.01, "clipValue": 0.3},
            {"centered": True, "momentum": 0.5, "eps": 0.01},
        ),
    ],
}


def optimizer_of(op, parameters, options, torch_options):
    kind = {
        "sgdUpdate": optim.SGD,
        "adamUpdate": optim.AdamW if options.get("decoupled") else optim.Adam,
        "rmspropUpdate": optim.RMSprop,
    }[op]
    return kind(parameters, lr=options["learningRate"], **torch_options)


def gradients(special):
    steps = [[draw(shape, f"updates/{step}/{index}") for index, shape in enumerate(SHAPES)] for step in range(STEPS)]
    if special:
        for step in steps[2:]:
            for index, value in SPECIAL.items():
                step[3].view(-1)[index] = value
    return steps


def prepared(gradient, options):
    scaled = gradient * options.get("gradientScale", 1.0)
    bound = options.get("clipValue", 0.0)
    return scaled.clamp(-bound, bound) if bound else scaled


def trained(name, op, options, torch_options, special):
    parameters = [draw(shape, f"updates/{index}").requires_grad_() for index, shape in enumerate(SHAPES)]
    optimizer = optimizer_of(op, parameters, options, torch_options)
    for step in gradients(special):
        for parameter, gradient in zip(parameters, step):
            parameter.grad = prepared(gradient, options)
        optimizer.step()
    return {
        "name": name,
        "op": op,
        "args": options,
        "special": special,
        "results": [packed(parameter) for parameter in parameters],
    }


def optimizers():
    for op, rules in RULES.items():
        for options, torch_options in rules:
            for special in (False, True):
                yield trained(f"{op} {options}{', NaN and infinity' if special else ''}", op, options, torch_options, special)


def given():
    """What all optimizers are given, once for all."""
    return {
        "parameters": [packed(draw(shape, f"updates/{index}"), exact) for index, shape in enumerate(SHAPES)],
        "gradients": [[packed(gradient, exact) for gradient in step] for step in gradients(False)],
        "special": {str(index): packed(torch.tensor([value]), exact)["data"][0] for index, value in SPECIAL.items()},
    }


def norm(**tensors):
    return sum(tensor.square().sum() for tensor in tensors.values())


def norms():
    yield case("squared norm, of everything", "squaredNorm", norm, {"a": (5, 7), "b": (), "c": (1,), "d": (0, 3)})
    yield case("squared norm, of one number", "squaredNorm", norm, {"a": (1,)})
    yield case("squared norm, of nothing", "squaredNorm", norm, {"a": (0,)})
    yield case("squared norm, of a tensor twice", "squaredNorm", norm, {"x": (5,)}, operands={"a": "x", "b": "x"})
    for value in (NAN, INF):
        yield case(f"squared norm, {value}", "squaredNorm", norm, {"a": (5, 3), "b": (7,)}, at={"b": {6: value}})
        yield case(f"squared norm, {value} upstream", "squaredNorm", norm, {"a": (5, 3)}, upstream_at={0: value})
    for factor in (1.0, 0.25):
        for shape in [(5, 7), (1,), (), (0, 3)]:
            f = lambda target, gradient, factor=factor: target + factor * gradient
            yield case(
                f"accumulate {factor} of {shape}",
                "accumulate",
                f,
                {"target": shape, "gradient": shape},
                args={"weight": factor},
                gradients=False,
            )
        f = lambda target, gradient, factor=factor: target + factor * gradient
        at = {"target": {0: NAN, 2: INF}, "gradient": {1: NAN, 2: -INF, 3: INF}}
        yield case(
            f"accumulate {factor}, NaN and infinity",
            "accumulate",
            f,
            {"target": (7,), "gradient": (7,)},
            args={"weight": factor},
            at=at,
            gradients=False,
        )
    f = lambda target, gradient, weight: target + weight * gradient
    yield case("accumulate by a tensor", "accumulate", f, {"target": (7,), "gradient": (7,), "weight": ()}, gradients=False)
    yield case(
        "accumulate by the gradient",
        "accumulate",
        f,
        {"target": (), "x": ()},
        operands={"gradient": "x", "weight": "x"},
        gradients=False,
    )


def cases():
    yield from norms()
