"""Records PyTorch's attention, transformer and recurrent layers in levin's layout, for the tests of @levin/nn.

    python tools/parity/nn_sequences.py        (from the root of the repository)
"""

import torch
from torch import nn

from nn import packed, random, seed, write

# --- Names: PyTorch's parameters as levin has them ---


def linear_names(prefix, module):
    names = {f"{prefix}.weight": module.weight.t()}
    if module.bias is not None:
        names[f"{prefix}.bias"] = module.bias
    return names


def split(tensor, names):
    return dict(zip(names, tensor.chunk(3)))


def attention_names(module, gradient=False, prefix=""):
    """What PyTorch packs into one matrix are three here."""
    of = (lambda p: p.grad) if gradient else (lambda p: p)
    kinds = [f"{prefix}query", f"{prefix}key", f"{prefix}value"]
    if module.in_proj_weight is not None:
        weights = split(of(module.in_proj_weight), kinds)
    else:
        weights = dict(zip(kinds, (of(w) for w in (module.q_proj_weight, module.k_proj_weight, module.v_proj_weight))))
    names = {f"{kind}.weight": weight.t() for kind, weight in weights.items()}
    if module.in_proj_bias is not None:
        names |= {f"{kind}.bias": bias for kind, bias in split(of(module.in_proj_bias), kinds).items()}
        names[f"{prefix}out.bias"] = of(module.out_proj.bias)
    return names | {f"{prefix}out.weight": of(module.out_proj.weight).t()}


def block_names(module, gradient=False):
    of = (lambda p: p.grad) if gradient else (lambda p: p)
    names = attention_names(module.self_attn, gradient, "attention.")
    for name in ("linear1", "linear2", "norm1", "norm2"):
        part = getattr(module, name)
        names[f"{name}.weight"] = of(part.weight).t() if name.startswith("linear") else of(part.weight)
        if part.bias is not None:
            names[f"{name}.bias"] = of(part.bias)
    return names


def recurrent_names(module, gradient=False):
    kinds = {"weight_ih": "inputWeight", "weight_hh": "recurrentWeight", "bias_ih": "inputBias", "bias_hh": "recurrentBias"}
    names = {}
    for name, parameter in module.named_parameters():
        kind, layer = name.rsplit("_l", 1)
        value = parameter.grad if gradient else parameter
        names[f"layers.{layer}.{kinds[kind]}"] = value.t() if value.dim() == 2 else value
    return names


# --- Cases ---


def case(name, layer, args, module, inputs, run, names, outputs=("output",), scale=0.5):
    """`inputs` by name, those of floats with gradients; `run` gives the outputs in the order of `outputs`."""
    seed(name)
    module = module.double().train()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(random(*parameter.shape, scale=scale))
    sources = {key: x.clone().requires_grad_() for key, x in inputs.items()}
    values = run(module, **sources)
    upstream = [random(*value.shape) for value in values]
    torch.autograd.backward(values, upstream)
    gradients = names(module, gradient=True) | {key: x.grad for key, x in sources.items()}
    return {
        "name": name,
        "layer": layer,
        "args": args,
        "inputs": {key: packed(x) for key, x in sources.items()},
        "parameters": {key: packed(value) for key, value in names(module).items()},
        "outputGradients": {key: packed(value) for key, value in zip(outputs, upstream)},
        "outputs": {key: packed(value) for key, value in zip(outputs, values)},
        "gradients": {key: packed(value) for key, value in gradients.items()},
    }


def causal_mask(queries, keys=None):
    return torch.ones(queries, keys or queries).tril().logical_not()


def mask_fields(mask=None, padding=None):
    """As levin takes them: bool, true where hidden."""
    fields = {}
    for key, value in (("mask", mask), ("keyPadding", padding)):
        if value is not None:
            fields[key] = {"shape": list(value.shape), "dtype": "bool", "data": [int(x) for x in value.flatten().tolist()]}
    return fields


PADDING = torch.tensor([[False, False, False, True, True], [False, False, False, False, True]])


def attention_case(name, args, inputs, *, causal=False, mask=None, padding=None, torch_options=None):
    features, heads = args[:2]
    module = nn.MultiheadAttention(features, heads, batch_first=True, **(torch_options or {}))
    seen = causal_mask(inputs["query"].shape[1]) if causal else mask

    def run(module, query, key=None, value=None):
        key = query if key is None else key
        value = key if value is None else value
        return [module(query, key, value, key_padding_mask=padding, attn_mask=seen, need_weights=False)[0]]

    result = case(name, "multiHeadAttention", args, module, inputs, run, attention_names)
    return result | {"constants": mask_fields(mask, padding)}


def attentions():
    seed("attentions")
    x, other = random(2, 5, 6), random(2, 5, 4)
    yield attention_case("attention to itself", [6, 2], {"query": x})
    yield attention_case("attention of one head, without bias", [6, 1, {"bias": False}], {"query": x}, torch_options={"bias": False})
    yield attention_case("attention with as many heads as features", [3, 3], {"query": random(1, 7, 3)})
    yield attention_case("causal attention", [6, 3, {"causal": True}], {"query": x}, causal=True)
    yield attention_case("attention with padding", [6, 2], {"query": x}, padding=PADDING)
    yield attention_case("causal attention with padding", [6, 2, {"causal": True}], {"query": x}, causal=True, padding=PADDING)
    hidden = torch.rand(5, 5) < 0.3
    yield attention_case("attention with a mask", [6, 2], {"query": x}, mask=hidden & ~torch.eye(5).bool())
    yield attention_case("attention to another sequence", [6, 2], {"query": random(2, 3, 6), "key": x})
    kv = {"kdim": 4, "vdim": 4}
    yield attention_case(
        "attention to other features", [6, 2, {"kvFeatures": 4}], {"query": random(2, 3, 6), "key": other}, padding=PADDING, torch_options=kv
    )
    yield attention_case("attention to values of their own", [6, 3], {"query": random(2, 1, 6), "key": x, "value": random(2, 5, 6)})
    yield attention_case("attention to one position", [4, 2], {"query": random(3, 1, 4)})


def block_case(name, args, x, *, causal=False, padding=None, **torch_options):
    features, heads = args[:2]
    hidden = torch_options.pop("hidden", 4 * features)
    options = {"norm_first": True, "activation": "gelu"} | torch_options
    module = nn.TransformerEncoderLayer(features, heads, hidden, dropout=0.0, batch_first=True, **options)
    mask = causal_mask(x.shape[1]) if causal else None
    run = lambda module, query: [module(query, src_mask=mask, src_key_padding_mask=padding)]
    result = case(name, "transformerBlock", args, module, {"query": x}, run, block_names, scale=0.3)
    return result | {"constants": mask_fields(None, padding)}


def blocks():
    seed("blocks")
    x = random(2, 5, 6)
    yield block_case("block with norms first", [6, 2], x)
    yield block_case("block of a GPT", [6, 3, {"causal": True}], x, causal=True)
    yield block_case("block with norms after", [6, 2, {"normFirst": False}], x, norm_first=False)
    yield block_case("block with norms after and padding", [6, 2, {"normFirst": False}], x, norm_first=False, padding=PADDING)
    yield block_case(
        "block without biases, of other sizes", [6, 1, {"bias": False, "hiddenFeatures": 5, "epsilon": 0.01}], x, hidden=5, bias=False, layer_norm_eps=0.01
    )


def recurrent_case(kind, name, args, batch, time, states=False):
    inputs, hidden = args[:2]
    options = args[2] if len(args) > 2 else {}
    layers = options.get("layers", 1)
    torch_kind = {"lstm": nn.LSTM, "gru": nn.GRU}[kind]
    module = torch_kind(inputs, hidden, layers, bias=options.get("bias", True), batch_first=True)
    names = [f"hidden{i}" for i in range(layers)] + ([f"cell{i}" for i in range(layers)] if kind == "lstm" else [])
    sources = {"input": random(batch, time, inputs)}
    if states:
        sources |= {key: random(batch, hidden) for key in names}

    def run(module, input, **given):
        stacks = [torch.stack([given[key] for key in names[at : at + layers]]) for at in range(0, len(given), layers)]
        start = tuple(stacks) if kind == "lstm" else (stacks[0] if stacks else None)
        output, last = module(input, start) if states else module(input)
        return [output, *(state for stack in (last if kind == "lstm" else [last]) for state in stack)]

    return case(name, kind, args, module, sources, run, recurrent_names, ("output", *names))


def recurrent():
    for kind in ("lstm", "gru"):
        seed(kind)
        yield recurrent_case(kind, kind, [3, 4], 2, 5)
        yield recurrent_case(kind, f"{kind} of two layers from given states", [3, 5, {"layers": 2}], 3, 4, states=True)
        yield recurrent_case(kind, f"{kind} without bias", [2, 3, {"bias": False, "layers": 3}], 1, 7)
        yield recurrent_case(kind, f"{kind} of one unit and step", [1, 1], 1, 1, states=True)


def everything():
    yield from attentions()
    yield from blocks()
    yield from recurrent()


if __name__ == "__main__":
    write("sequences", everything())
