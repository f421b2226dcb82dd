"""Losses: of classes by index and by probability, of pairs of numbers; with reductions, weights, smoothing, ignored rows."""

import torch
import torch.nn.functional as F

from .recording import INF, NAN, case, ints, spread

REDUCTIONS = ["mean", "sum", "none"]


def cross_entropy(smoothing, ignore, reduction):
    def f(logits, targets, weight=None):
        flat = logits.reshape(-1, logits.shape[-1])
        # A weight is a constant, also where it is the logits.
        weight = None if weight is None else weight.detach()
        indices = targets.reshape(-1) if not targets.dtype.is_floating_point else targets.reshape(flat.shape)
        options = {} if targets.dtype.is_floating_point else {"ignore_index": ignore}
        loss = F.cross_entropy(flat, indices, weight, label_smoothing=smoothing, reduction=reduction, **options)
        return loss.reshape(logits.shape[:-1]) if reduction == "none" else loss

    return f


def classes(name, logits, labels, weight=None, smoothing=0.0, ignore=-100, reduction="mean", **more):
    args = {"labelSmoothing": smoothing, "ignoreIndex": ignore, "reduction": reduction}
    constants = {"targets": labels} | ({"weight": weight} if weight is not None else {})
    f = cross_entropy(smoothing, ignore, reduction)
    inputs = more.pop("inputs", {"logits": logits})
    return case(f"classes, {name}", "crossEntropy", f, inputs, constants=constants, args=args, **more)


LABELS = ints(0, 3, 1, -100, 2, 4, 1)
WEIGHT = torch.tensor([0.5, 2.0, 1.0, 0.25, 1.5])


def by_index():
    for reduction in REDUCTIONS:
        for smoothing in (0.0, 0.1):
            for weight in (None, WEIGHT):
                label = f"{reduction}, smoothing {smoothing}, {'weights' if weight is not None else 'no weights'}"
                yield classes(label, (7, 5), LABELS, weight, smoothing, reduction=reduction)
        upstream = {0: NAN} if reduction != "none" else {0: NAN, 3: NAN, 5: INF}
        yield classes(f"{reduction}, NaN upstream", (7, 5), LABELS, None, 0.1, reduction=reduction, upstream_at=upstream)
        yield classes(
            f"{reduction}, NaN in the logits",
            (7, 5),
            LABELS,
            WEIGHT,
            reduction=reduction,
            at={"logits": {2: NAN, 26: NAN, 27: INF}},
        )
        yield classes(
            f"{reduction}, infinity in the logits",
            (7, 5),
            LABELS,
            reduction=reduction,
            at={"logits": {2: -INF, 25: INF, 9: -INF}},
        )
        # PyTorch multiplies what such a row holds by zero: NaN.
        ignored = {"at": {"logits": {16: NAN, 17: INF}}, "instead": {"logits": dict.fromkeys(range(15, 20), 0.0)}}
        yield classes(f"{reduction}, NaN in the ignored row", (7, 5), LABELS, reduction=reduction, **ignored)
    for smoothing in (0.0, 0.1):
        yield classes(
            f"a masked class, smoothing {smoothing}",
            (2, 5),
            ints(0, 1),
            None,
            smoothing,
            reduction="none",
            at={"logits": {4: -INF}},
        )
        yield classes(f"one class, smoothing {smoothing}", (3, 1), ints(0, 0, 0), None, smoothing)
    yield classes("one row", (1, 1), ints(0))
    yield classes("four classes", (3, 4), ints(0, 3, 1), None, 0.1)
    yield classes("nine classes in a sequence", (2, 3, 9), ints(8, 0, 4, 1, 1, 7).reshape(2, 3))
    yield classes("no rows", (0, 3), torch.zeros(0, dtype=torch.int64), reduction="sum")
    yield classes("another row ignored", (4, 3), ints(0, 1, 2, 0), ignore=0)
    yield classes("every row ignored", (2, 3), ints(-100, -100), gradients=True, smooth=False)
    yield classes("weights of nothing", (3, 3), ints(0, 1, 0), torch.tensor([0.0, 1.0, 2.0]))
    yield classes(
        "the logits are the weights",
        None,
        ints(3),
        inputs={"x": (5,)},
        operands={"logits": ("x", (1, 5)), "weight": "x"},
        draws={"x": spread(0.5, 2)},
        smooth=False,
    )
    yield classes("far apart", (2, 3), ints(0, 1), at={"logits": {0: 1e4, 1: -1e4, 4: 300.0}}, smooth=False)


def probabilities(name, inputs, smoothing=0.0, reduction="mean", weight=None, **more):
    args = {"labelSmoothing": smoothing, "reduction": reduction}
    draws = {"targets": spread(0, 1)}
    constants = {"weight": weight} if weight is not None else {}
    f = cross_entropy(smoothing, -100, reduction)
    return case(f"probabilities, {name}", "crossEntropy", f, inputs, constants=constants, args=args, draws=draws, **more)


def by_probability():
    both = {"logits": (3, 5), "targets": (3, 5)}
    for reduction in REDUCTIONS:
        for smoothing, weight in [(0.0, None), (0.1, None), (0.1, WEIGHT), (0.0, WEIGHT)]:
            label = f"{reduction}, smoothing {smoothing}, {'weights' if weight is not None else 'no weights'}"
            yield probabilities(label, both, smoothing, reduction, weight)
        yield probabilities(f"{reduction}, NaN upstream", both, 0.1, reduction, upstream_at={0: NAN})
        yield probabilities(
            f"{reduction}, NaN and infinity", both, 0.1, reduction, at={"logits": {2: NAN, 7: INF}, "targets": {12: NAN}}
        )
    yield probabilities("one class", {"logits": (3, 1), "targets": (3, 1)})
    yield probabilities("one row", {"logits": (1, 1), "targets": (1, 1)})
    yield probabilities("a sequence", {"logits": (2, 3, 9), "targets": (2, 3, 9)}, 0.1)
    yield probabilities("no rows", {"logits": (0, 3), "targets": (0, 3)}, reduction="sum")
    yield probabilities("of itself", {"x": (3, 5)}, operands={"logits": "x", "targets": "x"})


REGRESSION = {
    "mse": (F.mse_loss, {}),
    "mae": (F.l1_loss, {}),
    "huber": (lambda p, t, reduction: F.huber_loss(p, t, reduction=reduction, delta=0.7), {"delta": 0.7}),
}


def regression():
    for op, (loss, options) in REGRESSION.items():

        def one(name, inputs, reduction="mean", op=op, loss=loss, options=options, **more):
            f = lambda predictions, targets: loss(predictions, targets, reduction=reduction)
            return case(f"{op}, {name}", op, f, inputs, args=options | {"reduction": reduction}, **more)

        for reduction in REDUCTIONS:
            for shape in [(3, 7), (1,), (), (33,)]:
                yield one(f"{reduction} of {shape}", {"predictions": shape, "targets": shape}, reduction)
            both = {"predictions": (3, 3), "targets": (3, 3)}
            # The sign of NaN is 0 in PyTorch.
            unsigned = {key: {0: NAN, 8: NAN} for key in both} if op == "mae" else None
            at = {"predictions": {0: NAN, 3: INF}, "targets": {7: -INF, 8: NAN}}
            yield one(f"{reduction}, NaN and infinity", both, reduction, at=at, instead=unsigned)
            yield one(f"{reduction}, NaN upstream", both, reduction, upstream_at={0: NAN})
            yield one(
                f"{reduction}, of itself", {"x": (3, 3)}, reduction, operands={"predictions": "x", "targets": "x"}, smooth=False
            )
        yield one("no numbers", {"predictions": (0, 3), "targets": (0, 3)}, "sum")
        yield one("no numbers, unreduced", {"predictions": (0, 3), "targets": (0, 3)}, "none")
        yield one("a prediction upstream", {"predictions": (7,), "targets": (7,)}, "none", upstream="predictions")


def binary(reduction, positive=None):
    def f(logits, targets, positiveWeight=None, weight=None):
        factor = positiveWeight if positiveWeight is not None else None if positive is None else torch.tensor(positive)
        return F.binary_cross_entropy_with_logits(logits, targets, weight, pos_weight=factor, reduction=reduction)

    return f


def binaries():
    def one(name, inputs, reduction="mean", positive=None, **more):
        args = {"reduction": reduction} | ({} if positive is None else {"positiveWeight": positive})
        draws = {"targets": spread(0, 1)}
        return case(f"binary, {name}", "binaryCrossEntropy", binary(reduction, positive), inputs, args=args, draws=draws, **more)

    both = {"logits": (3, 5), "targets": (3, 5)}
    factors = {"positiveWeight": torch.tensor([0.5, 2.0, 1.0, 3.0, 0.25]), "weight": torch.tensor([1.0, 0.0, 2.0, 0.5, 1.5])}
    for reduction in REDUCTIONS:
        yield one(f"{reduction}", both, reduction)
        yield one(f"{reduction}, positives weighted", both, reduction, 3.0)
        yield one(f"{reduction}, all weighted", both, reduction, constants=factors)
        yield one(
            f"{reduction}, NaN and infinity",
            both,
            reduction,
            at={"logits": {0: NAN, 3: INF, 7: -INF}, "targets": {9: NAN, 3: 1.0, 7: 0.0}},
        )
        yield one(
            f"{reduction}, wrong by infinity", both, reduction, at={"logits": {3: INF, 7: -INF}, "targets": {3: 0.0, 7: 1.0}}
        )
        yield one(f"{reduction}, NaN upstream", both, reduction, upstream_at={0: NAN})
    for shape in [(1,), (), (0, 3)]:
        yield one(f"of {shape}", {"logits": shape, "targets": shape}, "sum")
    yield one(
        "far out",
        {"logits": torch.tensor([1000.0, -1000.0, 15.0, -15.0, 60.0]), "targets": torch.tensor([0.0, 1.0, 1.0, 0.0, 1.0])},
        "none",
        smooth=False,
    )
    yield one("of itself", {"x": (3, 3)}, operands={"logits": "x", "targets": "x"})
    yield one("a logit upstream", both, "none", upstream="logits")


def cases():
    yield from by_index()
    yield from by_probability()
    yield from regression()
    yield from binaries()
