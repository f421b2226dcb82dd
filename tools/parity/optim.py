"""Records what PyTorch's optimizers and learning-rate schedules do, for the tests of @levin/optim.

    python tools/parity/optim.py packages/optim/test/parity

Needs torch. Writes optimizers.json and schedules.json; the seed is fixed, so that a second run changes nothing.
"""

import json
import sys
from pathlib import Path

import torch
from torch.optim import lr_scheduler

SHAPES = [[3, 4], [4], []]
STEPS = 12
RECORDED = [1, 2, 5, 12]

NAMES = {
    "learningRate": "lr",
    "weightDecay": "weight_decay",
    "epsilon": "eps",
}

OPTIMIZERS = {
    "sgd": torch.optim.SGD,
    "adam": torch.optim.Adam,
    "adamW": torch.optim.AdamW,
    "rmsprop": torch.optim.RMSprop,
}

CASES = [
    ("sgd", {"learningRate": 0.1}),
    ("sgd", {"learningRate": 0.1, "weightDecay": 0.05}),
    ("sgd", {"learningRate": 0.1, "momentum": 0.9}),
    ("sgd", {"learningRate": 0.1, "momentum": 0.9, "dampening": 0.3}),
    ("sgd", {"learningRate": 0.1, "momentum": 0.9, "nesterov": True, "weightDecay": 0.01}),
    ("sgd", {"learningRate": 0.1, "momentum": 0.5, "weightDecay": 0.01, "maximize": True}),
    ("sgd", {"learningRate": 0.1, "momentum": 0.9}, {"clipNorm": 0.8}),
    ("sgd", {"learningRate": 0.1}, {"clipValue": 0.3}),
    ("adam", {}),
    ("adam", {"learningRate": 0.05, "betas": [0.8, 0.95], "epsilon": 1e-4}),
    ("adam", {"learningRate": 0.05, "weightDecay": 0.1}),
    ("adam", {"learningRate": 0.05, "amsgrad": True}),
    ("adam", {"learningRate": 0.05, "amsgrad": True, "weightDecay": 0.1, "maximize": True}),
    ("adam", {"learningRate": 0.05}, {"clipNorm": 0.5}),
    ("adam", {"learningRate": 0.05}, {"clipValue": 0.2}),
    ("adamW", {}),
    ("adamW", {"learningRate": 0.05, "weightDecay": 0.2}),
    ("adamW", {"learningRate": 0.05, "weightDecay": 0.2, "amsgrad": True}),
    ("adamW", {"learningRate": 0.05, "weightDecay": 0.0}),
    ("adamW", {"learningRate": 0.05, "maximize": True}),
    ("adamW", {"learningRate": 0.05}, {"clipNorm": 0.5}),
    ("rmsprop", {}),
    ("rmsprop", {"learningRate": 0.02, "alpha": 0.9, "epsilon": 1e-3}),
    ("rmsprop", {"learningRate": 0.02, "centered": True}),
    ("rmsprop", {"learningRate": 0.02, "momentum": 0.9}),
    ("rmsprop", {"learningRate": 0.02, "momentum": 0.9, "centered": True, "weightDecay": 0.1}),
    ("rmsprop", {"learningRate": 0.02, "maximize": True}),
    ("rmsprop", {"learningRate": 0.02}, {"clipValue": 0.2}),
]


def numbers(tensor):
    """A tensor as a flat list; nine digits bring each float32 back exactly."""
    return [float(f"{value:.9g}") for value in tensor.detach().reshape(-1).tolist()]


def make_data():
    # Drawn as float32, which is what levin gets; PyTorch computes in float64, so that a difference is ours.
    generator = torch.Generator().manual_seed(7)
    initial = [torch.randn(shape, generator=generator).double() for shape in SHAPES]
    gradients = []
    for step in range(STEPS):
        row = [torch.randn(shape, generator=generator).double() for shape in SHAPES]
        # The last parameter joins at the third update and sits out the seventh: counts are each parameter's own.
        if step in (0, 1, 6):
            row[2] = None
        gradients.append(row)
    return initial, gradients


def run_case(name, options, initial, gradients, clipNorm=None, clipValue=None):
    parameters = [torch.nn.Parameter(value.clone()) for value in initial]
    arguments = {NAMES.get(key, key): tuple(v) if isinstance(v, list) else v for key, v in options.items()}
    optimizer = OPTIMIZERS[name](parameters, foreach=False, **arguments)
    recorded = []
    for step in range(STEPS):
        for parameter, gradient in zip(parameters, gradients[step]):
            parameter.grad = None if gradient is None else gradient.clone()
        if clipNorm is not None:
            torch.nn.utils.clip_grad_norm_(parameters, clipNorm)
        if clipValue is not None:
            torch.nn.utils.clip_grad_value_(parameters, clipValue)
        optimizer.step()
        if step + 1 in RECORDED:
            recorded.append([numbers(parameter) for parameter in parameters])
    return recorded


def record_optimizers():
    initial, gradients = make_data()
    cases = []
    for name, options, *clipping in CASES:
        clipping = clipping[0] if clipping else {}
        values = run_case(name, options, initial, gradients, **clipping)
        cases.append({"optimizer": name, "options": options, **clipping, "values": values})
    return {
        "torch": torch.__version__,
        "shapes": SHAPES,
        "recorded": RECORDED,
        "initial": [numbers(value) for value in initial],
        "gradients": [[None if g is None else numbers(g) for g in row] for row in gradients],
        "cases": cases,
    }


def optimizer_with(learning_rate=1.0):
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=learning_rate, momentum=0.9)


def factors(make, steps=60):
    """The learning rate before each of `steps` updates, for a base of 1."""
    optimizer = optimizer_with()
    schedule = make(optimizer)
    values = []
    for _ in range(steps):
        values.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return values


def one_cycle(steps, **options):
    return lambda optimizer: lr_scheduler.OneCycleLR(optimizer, max_lr=1.0, total_steps=steps, cycle_momentum=False, **options)


def sequence(optimizer):
    return lr_scheduler.SequentialLR(
        optimizer,
        [
            lr_scheduler.LinearLR(optimizer, start_factor=0.1, total_iters=8),
            lr_scheduler.StepLR(optimizer, step_size=5, gamma=0.5),
            lr_scheduler.ExponentialLR(optimizer, gamma=0.8),
        ],
        milestones=[8, 30],
    )


def chain(optimizer):
    return lr_scheduler.ChainedScheduler(
        [
            lr_scheduler.ConstantLR(optimizer, factor=0.2, total_iters=6),
            lr_scheduler.ExponentialLR(optimizer, gamma=0.95),
            lr_scheduler.MultiStepLR(optimizer, milestones=[20, 40], gamma=0.5),
        ]
    )


CHAIN = [
    {"name": "constantFactor", "options": {"factor": 0.2, "steps": 6}},
    {"name": "exponential", "options": {"gamma": 0.95}},
    {"name": "multiStep", "options": {"milestones": [20, 40], "gamma": 0.5}},
]
SEQUENCE = [
    {"name": "linearRamp", "options": {"startFactor": 0.1, "steps": 8}},
    {"name": "stepDecay", "options": {"stepSize": 5, "gamma": 0.5}},
    {"name": "exponential", "options": {"gamma": 0.8}},
]

# (levin's name, levin's options, PyTorch's schedule, for how many steps)
SCHEDULES = [
    ("constantFactor", {"factor": 0.25, "steps": 7}, lambda o: lr_scheduler.ConstantLR(o, factor=0.25, total_iters=7), 60),
    ("stepDecay", {"stepSize": 7, "gamma": 0.3}, lambda o: lr_scheduler.StepLR(o, 7, 0.3), 60),
    ("stepDecay", {"stepSize": 10}, lambda o: lr_scheduler.StepLR(o, 10), 60),
    ("multiStep", {"milestones": [3, 17, 17, 44], "gamma": 0.5}, lambda o: lr_scheduler.MultiStepLR(o, [3, 17, 17, 44], 0.5), 60),
    ("exponential", {"gamma": 0.93}, lambda o: lr_scheduler.ExponentialLR(o, 0.93), 60),
    ("linearRamp", {"startFactor": 0.1, "endFactor": 0.7, "steps": 21}, lambda o: lr_scheduler.LinearLR(o, 0.1, 0.7, 21), 60),
    ("polynomial", {"steps": 50, "power": 2}, lambda o: lr_scheduler.PolynomialLR(o, 50, 2.0), 60),
    ("polynomial", {"steps": 30}, lambda o: lr_scheduler.PolynomialLR(o, 30), 60),
    ("cosine", {"steps": 59, "minFactor": 0.05}, lambda o: lr_scheduler.CosineAnnealingLR(o, 59, 0.05), 60),
    ("cosine", {"steps": 75}, lambda o: lr_scheduler.CosineAnnealingLR(o, 75), 60),
    ("cosineWarmRestarts", {"period": 9}, lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 9), 60),
    (
        "cosineWarmRestarts",
        {"period": 7, "periodFactor": 2, "minFactor": 0.1},
        lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 7, 2, 0.1),
        60,
    ),
    ("oneCycle", {"steps": 60}, one_cycle(60), 60),
    ("oneCycle", {"steps": 60, "pctStart": 0.4, "annealStrategy": "linear", "divFactor": 10, "finalDivFactor": 100},
     one_cycle(60, pct_start=0.4, anneal_strategy="linear", div_factor=10, final_div_factor=100), 60),
    ("oneCycle", {"steps": 60, "threePhase": True}, one_cycle(60, three_phase=True), 60),
    ("sequenceSchedules", {"schedules": SEQUENCE, "milestones": [8, 30]}, sequence, 60),
    ("chainSchedules", {"schedules": CHAIN}, chain, 60),
]


def record_schedule(name, options, make, steps):
    # OneCycleLR refuses a step beyond its last, which the loop would take after the last value.
    if name == "oneCycle":
        optimizer = optimizer_with()
        schedule = make(optimizer)
        values = [optimizer.param_groups[0]["lr"]]
        for _ in range(steps - 1):
            optimizer.step()
            schedule.step()
            values.append(optimizer.param_groups[0]["lr"])
    else:
        values = factors(make, steps)
    return {"name": name, "options": options, "factors": values}


PLATEAUS = [
    ({}, {}),
    ({"factor": 0.5, "patience": 2}, {"factor": 0.5, "patience": 2}),
    ({"factor": 0.5, "patience": 1, "mode": "max"}, {"factor": 0.5, "patience": 1, "mode": "max"}),
    (
        {"factor": 0.5, "patience": 1, "threshold": 0.05, "thresholdMode": "abs", "cooldown": 3},
        {"factor": 0.5, "patience": 1, "threshold": 0.05, "threshold_mode": "abs", "cooldown": 3},
    ),
    (
        {"factor": 0.5, "patience": 0, "mode": "max", "threshold": 0.02, "thresholdMode": "abs", "minFactor": 0.1},
        {"factor": 0.5, "patience": 0, "mode": "max", "threshold": 0.02, "threshold_mode": "abs", "min_lr": 0.1},
    ),
    (
        {"factor": 0.3, "patience": 0, "threshold": 0.1, "minFactor": 0.01, "epsilon": 0.05},
        {"factor": 0.3, "patience": 0, "threshold": 0.1, "min_lr": 0.01, "eps": 0.05},
    ),
]


def record_plateaus():
    generator = torch.Generator().manual_seed(3)
    noise = torch.randn(60, generator=generator).tolist()
    metrics = [float(f"{1 / (1 + 0.3 * step) + 0.05 * noise[step]:.6f}") for step in range(60)]
    cases = []
    for options, arguments in PLATEAUS:
        optimizer = optimizer_with()
        schedule = lr_scheduler.ReduceLROnPlateau(optimizer, **arguments)
        values = []
        for metric in metrics:
            schedule.step(metric)
            values.append(optimizer.param_groups[0]["lr"])
        cases.append({"options": options, "factors": values})
    return {"metrics": metrics, "cases": cases}


def record_schedules():
    return {
        "torch": torch.__version__,
        "pure": [record_schedule(*case) for case in SCHEDULES],
        "plateau": record_plateaus(),
    }


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in [("optimizers", record_optimizers()), ("schedules", record_schedules())]:
        path = folder / f"{name}.json"
        path.write_text(json.dumps(content, separators=(",", ":")) + "\n")
        print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
