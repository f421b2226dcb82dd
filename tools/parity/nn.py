"""Records PyTorch's layers and losses, outputs and gradients in levin's layout, for the tests of @levin/nn.

    python tools/parity/nn.py packages/nn/test/parity
"""

import json
import sys
import zlib
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

FOLDER = Path(sys.argv[1] if len(sys.argv) > 1 else "packages/nn/test/parity")


# --- Writing ---


def packed(tensor):
    """Nine digits hold a float32 exactly."""
    tensor = tensor.detach()
    if tensor.dtype in (torch.int32, torch.int64):
        return {"shape": list(tensor.shape), "dtype": "int32", "data": tensor.flatten().tolist()}
    return {"shape": list(tensor.shape), "data": [float(f"{x:.9g}") for x in tensor.flatten().tolist()]}


def write(name, cases):
    FOLDER.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    (FOLDER / f"{name}.json").write_text(f'{{"torch":"{torch.__version__.split("+")[0]}","cases":[\n{lines}\n]}}\n')


def seed(name):
    torch.manual_seed(zlib.crc32(name.encode()))


def random(*shape, scale=1.0):
    """Values of a float32, in float64."""
    return (torch.randn(shape) * scale).double()


# --- Layouts: levin's has the channels last ---


def channels_first(x):
    return x.movedim(-1, 1) if x.dim() > 2 else x


def channels_last(x):
    return x.movedim(1, -1) if x.dim() > 2 else x


def same(x):
    return x


def filters(weight):
    """[out, in, ...window] to [...window, in, out]."""
    return weight.movedim((0, 1), (-1, -2))


def depthwise_filters(channels):
    """[channels · multiplier, 1, height, width] to [height, width, channels, multiplier]."""

    def convert(weight):
        height, width = weight.shape[2:]
        return weight.reshape(channels, -1, height, width).permute(2, 3, 0, 1)

    return convert


# --- Layers ---


def layer_case(name, layer, args, module, x, *, inward=same, outward=same, weights=lambda w: w.t(), train=True):
    """One layer: x is in levin's layout; `inward` and `outward` convert it and back."""
    seed(name)
    module = module.double().train(train)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(random(*parameter.shape, scale=0.5))
    integers = x.dtype in (torch.int32, torch.int64)
    if not integers:
        x = x.clone().requires_grad_()
    y = outward(module(inward(x)))
    dy = random(*y.shape)
    y.backward(dy)
    convert = {"weight": weights, "bias": same}
    case = {
        "name": name,
        "layer": layer,
        "args": args,
        "input": packed(x),
        "parameters": {key: packed(convert[key](value)) for key, value in module.named_parameters()},
        "outputGradient": packed(dy),
        "output": packed(y),
        "gradients": {key: packed(convert[key](value.grad)) for key, value in module.named_parameters()},
    }
    if not integers:
        case["gradients"]["input"] = packed(x.grad)
    return case


def linear_cases():
    yield layer_case("linear", "linear", [5, 3], nn.Linear(5, 3), random(4, 5))
    yield layer_case("linear without bias", "linear", [5, 3, {"bias": False}], nn.Linear(5, 3, bias=False), random(4, 5))
    yield layer_case("linear over the last of three axes", "linear", [3, 7], nn.Linear(3, 7), random(2, 5, 3))
    yield layer_case("linear of one feature", "linear", [1, 1], nn.Linear(1, 1), random(3, 1))


def image_case(name, layer, args, module, x, weights=filters):
    return layer_case(name, layer, args, module, x, inward=channels_first, outward=channels_last, weights=weights)


def conv2d_cases():
    settings = [
        ("conv2d", 3, 4, 3, {}, (2, 7, 6)),
        ("conv2d 1×1", 3, 2, 1, {}, (2, 3, 4)),
        ("conv2d without bias", 2, 3, 2, {"bias": False}, (1, 5, 4)),
        ("conv2d with strides that leave a rest", 2, 3, 3, {"stride": 2}, (2, 8, 6)),
        ("conv2d with padding", 2, 3, 3, {"padding": 1}, (2, 5, 4)),
        ("conv2d uneven in everything", 2, 3, [2, 3], {"stride": [3, 2], "padding": [0, 2]}, (2, 7, 5)),
        ("conv2d that keeps the size with an even kernel", 2, 2, [2, 3], {"padding": "same"}, (1, 4, 5)),
        ("conv2d valid by name", 2, 2, 2, {"padding": "valid"}, (1, 4, 5)),
        ("conv2d dilated", 2, 3, 3, {"dilation": 2}, (2, 7, 8)),
        ("conv2d dilated unevenly, with padding", 2, 2, 3, {"dilation": [2, 3], "padding": [1, 3]}, (2, 7, 6)),
        ("conv2d dilated with strides", 2, 2, [3, 2], {"dilation": 2, "stride": [2, 1], "padding": 1}, (1, 8, 6)),
        ("conv2d dilated that keeps the size", 2, 2, 3, {"dilation": 2, "padding": "same"}, (1, 6, 5)),
        ("conv2d that covers the image", 1, 2, [4, 3], {}, (3, 4, 3)),
    ]
    for name, inputs, outputs, kernel, options, (batch, height, width) in settings:
        module = nn.Conv2d(inputs, outputs, kernel if isinstance(kernel, int) else tuple(kernel), **tuples(options))
        yield image_case(name, "conv2d", [inputs, outputs, kernel, options], module, random(batch, height, width, inputs))


def tuples(options):
    return {key: tuple(value) if isinstance(value, list) else value for key, value in options.items()}


def conv1d_cases():
    settings = [
        ("conv1d", {}, 7),
        ("conv1d with stride and padding", {"stride": 2, "padding": 1}, 8),
        ("conv1d dilated", {"dilation": 3, "padding": 2}, 9),
        ("conv1d dilated with stride", {"dilation": 2, "stride": 3}, 10),
        ("conv1d that keeps the size", {"padding": "same", "bias": False}, 5),
    ]
    for name, options, width in settings:
        yield image_case(name, "conv1d", [2, 3, 3, options], nn.Conv1d(2, 3, 3, **options), random(2, width, 2))


def depthwise_cases():
    settings = [
        ("depthwiseConv2d", 3, 3, {}),
        ("depthwiseConv2d with multiplier and padding", 2, 3, {"multiplier": 2, "padding": 1}),
        ("depthwiseConv2d with stride", 3, [3, 2], {"stride": 2, "padding": 1}),
        ("depthwiseConv2d dilated", 2, 3, {"dilation": 2, "bias": False}),
    ]
    for name, channels, kernel, options in settings:
        torch_options = {key: value for key, value in tuples(options).items() if key != "multiplier"}
        outputs = channels * options.get("multiplier", 1)
        size = kernel if isinstance(kernel, int) else tuple(kernel)
        module = nn.Conv2d(channels, outputs, size, groups=channels, **torch_options)
        x = random(2, 6, 7, channels)
        yield image_case(name, "depthwiseConv2d", [channels, kernel, options], module, x, depthwise_filters(channels))


def pooling_cases():
    settings = [
        ("maxPool2d", nn.MaxPool2d, 2, {}),
        ("maxPool2d that overlaps, with padding", nn.MaxPool2d, 3, {"stride": 2, "padding": 1}),
        ("maxPool2d uneven", nn.MaxPool2d, [3, 2], {"stride": [1, 3], "padding": [1, 0]}),
        ("avgPool2d", nn.AvgPool2d, 2, {}),
        ("avgPool2d that overlaps, with padding", nn.AvgPool2d, 3, {"stride": 2, "padding": 1}),
        ("avgPool2d uneven", nn.AvgPool2d, [3, 2], {"stride": [1, 3], "padding": [1, 0]}),
        ("avgPool2d without counting padding", nn.AvgPool2d, [3, 2], {"stride": [2, 1], "padding": 1, "countIncludePad": False}),
    ]
    for name, kind, size, options in settings:
        args = [tuple(size) if isinstance(size, list) else size]
        torch_options = {"count_include_pad" if key == "countIncludePad" else key: value for key, value in tuples(options).items()}
        yield image_case(name, name.split()[0], [size, options], kind(*args, **torch_options), random(2, 7, 6, 3))
    sequences = [
        ("maxPool1d", nn.MaxPool1d, 3, {"stride": 2, "padding": 1}),
        ("avgPool1d", nn.AvgPool1d, 2, {}),
        ("avgPool1d with padding", nn.AvgPool1d, 3, {"stride": 1, "padding": 1}),
    ]
    for name, kind, size, options in sequences:
        yield image_case(name, name.split()[0], [size, options], kind(size, **options), random(2, 7, 3))
    module = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    yield layer_case("globalAvgPool2d", "globalAvgPool2d", [], module, random(2, 5, 3, 4), inward=channels_first)


def norm_and_embedding_cases():
    yield layer_case("layerNorm", "layerNorm", [6], nn.LayerNorm(6), random(3, 6), weights=same)
    yield layer_case(
        "layerNorm of two axes", "layerNorm", [[3, 4], {"epsilon": 0.01}], nn.LayerNorm((3, 4), eps=0.01), random(2, 3, 4), weights=same
    )
    yield layer_case(
        "layerNorm without bias", "layerNorm", [5, {"bias": False}], nn.LayerNorm(5, bias=False), random(2, 2, 5), weights=same
    )
    yield layer_case(
        "layerNorm without parameters", "layerNorm", [5, {"affine": False}], nn.LayerNorm(5, elementwise_affine=False), random(2, 5)
    )
    ids = torch.tensor([[1, 4, 1], [0, 2, 6]])
    yield layer_case("embedding", "embedding", [7, 3], nn.Embedding(7, 3), ids, weights=same)
    yield layer_case(
        "embedding with padding", "embedding", [7, 3, {"paddingIndex": 2}], nn.Embedding(7, 3, padding_idx=2), ids, weights=same
    )


def activation_cases():
    settings = [
        ("relu", [], nn.ReLU()),
        ("leakyRelu", [], nn.LeakyReLU()),
        ("leakyRelu", [0.2], nn.LeakyReLU(0.2)),
        ("gelu", [], nn.GELU()),
        ("gelu", [{"approximate": "tanh"}], nn.GELU(approximate="tanh")),
        ("silu", [], nn.SiLU()),
        ("elu", [], nn.ELU()),
        ("elu", [0.5], nn.ELU(0.5)),
        ("sigmoid", [], nn.Sigmoid()),
        ("tanh", [], nn.Tanh()),
        ("softplus", [], nn.Softplus()),
        ("softmax", [], nn.Softmax(-1)),
        ("logSoftmax", [], nn.LogSoftmax(-1)),
        ("flatten", [], nn.Flatten()),
    ]
    for layer, args, module in settings:
        name = f"{layer} {json.dumps(args[0])}" if args else layer
        yield layer_case(name, layer, args, module, random(3, 2, 4, scale=2))


def layers():
    groups = [linear_cases, conv2d_cases, conv1d_cases, depthwise_cases, pooling_cases, norm_and_embedding_cases, activation_cases]
    for group in groups:
        seed(group.__name__)
        yield from group()


# --- Batch norm: several batches in training, then one in evaluation ---


def batch_norm_case(name, features, options, shape):
    seed(name)
    names = {"epsilon": "eps", "momentum": "momentum", "affine": "affine"}
    module = nn.BatchNorm2d(features, **{names[key]: value for key, value in options.items()}).double()
    module._check_input_dim = lambda x: None
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(random(*parameter.shape))
    steps = []
    for train in (True, True, True, False):
        module.train(train).zero_grad()
        x = (random(*shape, scale=2) + 0.5).requires_grad_()
        y = channels_last(module(channels_first(x)))
        dy = random(*y.shape)
        y.backward(dy)
        step = {
            "train": train,
            "input": packed(x),
            "outputGradient": packed(dy),
            "output": packed(y),
            "gradients": {"input": packed(x.grad), **{key: packed(value.grad) for key, value in module.named_parameters()}},
            "runningMean": packed(module.running_mean),
            "runningVariance": packed(module.running_var),
        }
        steps.append(step)
    parameters = {key: packed(value) for key, value in module.named_parameters()}
    return {"name": name, "args": [features, options], "parameters": parameters, "steps": steps}


def batch_norms():
    yield batch_norm_case("of vectors", 3, {}, (5, 3))
    yield batch_norm_case("of sequences, with momentum and epsilon", 2, {"momentum": 0.3, "epsilon": 0.01}, (2, 4, 2))
    yield batch_norm_case("of images, without parameters", 3, {"affine": False}, (2, 3, 2, 3))
    yield batch_norm_case("of two values", 2, {"momentum": 1.0}, (2, 2))


# --- Losses ---


def loss_case(name, loss, predictions, targets, options, compute):
    predictions = predictions.clone().requires_grad_()
    value = compute(predictions, targets)
    dy = random(*value.shape)
    value.backward(dy)
    tensors = {key: packed(option) if isinstance(option, torch.Tensor) else option for key, option in options.items()}
    return {
        "name": name,
        "loss": loss,
        "predictions": packed(predictions),
        "targets": packed(targets),
        "options": tensors,
        "outputGradient": packed(dy),
        "output": packed(value),
        "gradient": packed(predictions.grad),
    }


def cross_entropy_case(name, logits, labels, **options):
    seed(name)
    names = {"labelSmoothing": "label_smoothing", "ignoreIndex": "ignore_index", "weight": "weight", "reduction": "reduction"}
    torch_options = {names[key]: value for key, value in options.items()}

    def compute(x, t):
        return F.cross_entropy(channels_first(x), channels_first(t) if t.dtype.is_floating_point else t, **torch_options)

    return loss_case(name, "crossEntropy", logits, labels, options, compute)


def cross_entropies():
    logits = random(6, 4, scale=3)
    labels = torch.tensor([0, 3, 1, 1, 2, 0])
    masked = torch.tensor([0, -100, 1, 3, -100, 0])
    weight = random(4).abs()
    probabilities = torch.softmax(random(6, 4), -1).float().double()
    sequences, words = random(2, 3, 5), torch.tensor([[1, 4, 0], [2, 2, 3]])
    yield cross_entropy_case("crossEntropy", logits, labels)
    yield cross_entropy_case("crossEntropy summed", logits, labels, reduction="sum")
    yield cross_entropy_case("crossEntropy per row", logits, labels, reduction="none")
    yield cross_entropy_case("crossEntropy with smoothed labels", logits, labels, labelSmoothing=0.1)
    yield cross_entropy_case("crossEntropy with ignored rows", logits, masked)
    yield cross_entropy_case("crossEntropy ignoring a class", logits, labels, ignoreIndex=1)
    yield cross_entropy_case("crossEntropy with weights", logits, labels, weight=weight)
    yield cross_entropy_case("crossEntropy with everything", logits, masked, weight=weight, labelSmoothing=0.2)
    yield cross_entropy_case("crossEntropy with everything, per row", logits, masked, weight=weight, labelSmoothing=0.2, reduction="none")
    yield cross_entropy_case("crossEntropy of sequences", sequences, words)
    yield cross_entropy_case("crossEntropy of sequences, per word", sequences, words, reduction="none", ignoreIndex=2)
    yield cross_entropy_case("crossEntropy with probabilities", logits, probabilities)
    yield cross_entropy_case("crossEntropy with probabilities, weights and smoothing", logits, probabilities, weight=weight, labelSmoothing=0.1)
    yield cross_entropy_case("crossEntropy with probabilities, per row", logits, probabilities, reduction="none")
    yield cross_entropy_case("crossEntropy of large logits", logits * 30, labels)


def binary_cross_entropies():
    logits, targets = random(4, 3, scale=3), torch.rand(4, 3).double()
    targets = targets.float().double()
    positive, weight = random(3).abs(), random(4, 1).abs()
    settings = [
        ("", {}),
        (" summed", {"reduction": "sum"}),
        (" weighted, per element", {"reduction": "none", "weight": weight}),
    ]
    for suffix, options in settings:
        name = f"binaryCrossEntropyWithLogits{suffix}"
        compute = lambda x, t, o=options: F.binary_cross_entropy_with_logits(x, t, **o)
        yield loss_case(name, "binaryCrossEntropyWithLogits", logits, targets, options, compute)
        compute = lambda x, t, o=options: F.binary_cross_entropy(x, t, **o)
        yield loss_case(f"binaryCrossEntropy{suffix}", "binaryCrossEntropy", torch.sigmoid(logits).float().double(), targets, options, compute)
    compute = lambda x, t: F.binary_cross_entropy_with_logits(x, t, pos_weight=positive)
    yield loss_case(
        "binaryCrossEntropyWithLogits with weights of positives", "binaryCrossEntropyWithLogits", logits, targets, {"positiveWeight": positive}, compute
    )
    compute = lambda x, t: F.binary_cross_entropy_with_logits(x, t, pos_weight=torch.tensor(2.5))
    yield loss_case(
        "binaryCrossEntropyWithLogits with one weight of positives", "binaryCrossEntropyWithLogits", logits * 20, targets, {"positiveWeight": 2.5}, compute
    )
    # Where the logarithms are clamped. Not quite 0 and 1, where PyTorch's gradient is a large number over 1e-12.
    certain, either = torch.tensor([[1e-20, 1.0, 0.5]]).double(), torch.tensor([[0.0, 1.0, 1.0]]).double()
    yield loss_case("binaryCrossEntropy of certainties", "binaryCrossEntropy", certain, either, {"reduction": "none"}, lambda x, t: F.binary_cross_entropy(x, t, reduction="none"))


def regressions():
    predictions, targets = random(4, 3, scale=2), random(4, 3)
    for reduction in ("mean", "sum", "none"):
        options = {} if reduction == "mean" else {"reduction": reduction}
        for loss, compute in (("mse", F.mse_loss), ("mae", F.l1_loss), ("huber", F.huber_loss)):
            yield loss_case(f"{loss} {reduction}", loss, predictions, targets, options, lambda x, t, f=compute: f(x, t, reduction=reduction))
    yield loss_case("huber with delta", "huber", predictions, targets, {"delta": 0.3}, lambda x, t: F.huber_loss(x, t, delta=0.3))


def losses():
    for group in (cross_entropies, binary_cross_entropies, regressions):
        seed(group.__name__)
        yield from group()


if __name__ == "__main__":
    write("layers", layers())
    write("batch-norm", batch_norms())
    write("losses", losses())
