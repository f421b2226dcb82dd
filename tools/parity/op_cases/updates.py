"""Three steps of each optimizer's update, their state at the start zero; the factor that clips by norm."""

import torch

from kernel_cases.recording import case
from kernel_cases.updates import RULES, optimizer_of, prepared

SHAPES = [(), (1,), (7,), (2, 9), (0,), (257,)]
STEPS = 3


def trained(op, options, torch_options):
    def f(**given):
        parameters = [given[f"parameter{index}"].detach().clone().requires_grad_() for index in range(len(SHAPES))]
        optimizer = optimizer_of(op, parameters, options, torch_options)
        for step in range(STEPS):
            for index, parameter in enumerate(parameters):
                parameter.grad = prepared(given[f"gradient{step}.{index}"], options)
            optimizer.step()
        return [parameter.detach() for parameter in parameters]

    return f


def updates():
    inputs = {f"parameter{index}": shape for index, shape in enumerate(SHAPES)}
    inputs |= {f"gradient{step}.{index}": shape for step in range(STEPS) for index, shape in enumerate(SHAPES)}
    for op, rules in RULES.items():
        for options, torch_options in rules:
            f = trained(op, options, torch_options)
            args = options | {"steps": STEPS, "count": len(SHAPES)}
            yield case(f"{op} {options}", op, f, inputs, args=args, gradients=False)


def clips():
    for squared in (0.0, 4.0, 1e6):
        f = lambda squared: (2.0 / (squared.sqrt() + 1e-6)).clamp(max=1.0)
        given = {"squared": torch.tensor(squared)}
        yield case(f"clipCoefficient of {squared}", "clipCoefficient", f, given, args={"maxNorm": 2.0}, gradients=False)


def statistics():
    for shape in [(5, 3), (2, 3, 2, 5), (7, 1), (130, 7)]:
        f = lambda x: [x.flatten(0, -2).mean(0), x.flatten(0, -2).var(0, unbiased=False)]
        yield case(f"batchNormStatistics of {shape}", "batchNormStatistics", f, {"x": shape}, gradients=False)


def cases():
    yield from updates()
    yield from clips()
    yield from statistics()
