"""Records the sweep over accelerators: what every op that layers, optimizers and metrics use gives in PyTorch, value and gradient.

    python tools/parity/op_sweep.py

It takes the ordinary cases of the kernels' sweep and those of `op_cases`, and writes them into @levin/testing, which ships
them: small, see `op_cases/compact.py`.
"""

import json
import re
from importlib import import_module
from pathlib import Path

import torch

from kernels import FAMILIES
from op_cases.compact import compact, is_ordinary

FILE = Path("packages/testing/src/op-sweep/recorded/cases.js")
OWN = ["arithmetic", "shapes", "sizes", "updates"]
# tfjs has no complex gradients, and nothing of levin asks for them.
LEFT_OUT = ["complex"]

# By op, shapes whose every combination the kernels' sweep tries and this one need not: the file is shipped.
REPEATED = {
    "matMul": r"(aᵀ bᵀ|aᵀ b|a bᵀ), (?!5 × 7 × 3|0 × 3 × 2|batches \(3,\) and \(3,\)|of one matrix)",
    "pow": r"of (\(3, 7\)|\(0, 3\))",
    "sum|mean": r"(\(3, |\(7,|\(2, |\(1,).*kept",
    "sub|divide|maximum|minimum|squaredDifference": r"of (\(2, 3, 5\)|\(5,\)|\(2, 3, 1, 1\)|\(3, 1\)|\(\)) and",
    "greater|greaterEqual|less|lessEqual|notEqual|logicalOr": r"of (\(7,\)|\(2, 1, 5\)|\(33,\)|\(1,\)) and",
    "leakyRelu|elu|gelu": r"\{.*\} of (\(3, 7\)|\(1,\)|\(\)|\(2, 0, 3\))",
    "clip": r"inf, .* of (\(3, 7\)|\(1,\)|\(\)|\(2, 0, 3\))",
    "mse|mae|huber": r"(sum|none) of (\(1,\)|\(\)|\(33,\))",
    "cumsum": r"(\(7,\)|\(1,\)).*(exclusive|reversed)",
    "exp|log|erf|rsqrt|sqrt|neg|log1p|expm1|selu|sign|reciprocal|floor|ceil|sin|cos|atan|tanh|tfSoftplus": r"of \(3, 7\)",
}


def gathered():
    for family in [name for name in FAMILIES if name not in LEFT_OUT]:
        yield from (case for case in import_module(f"kernel_cases.{family}").cases() if is_ordinary(case))
    for family in OWN:
        yield from import_module(f"op_cases.{family}").cases()


def is_repeated(recorded):
    name = f"{recorded['op']}: {recorded['name']}"
    return any(re.fullmatch(ops, recorded["op"]) and re.search(names, name) for ops, names in REPEATED.items())


def is_finite(recorded):
    results = [*recorded["outputs"], *recorded.get("gradients", {}).values()]
    return all(not isinstance(value, str) for each in results for value in numbers_of(each))


def numbers_of(result):
    return result if isinstance(result, list) else result["data"]


def main():
    torch.set_default_dtype(torch.float64)
    cases = [recorded for recorded in map(compact, gathered()) if is_finite(recorded) and not is_repeated(recorded)]
    names = [f"{case['op']}: {case['name']}" for case in cases]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"every case needs a name of its own; twice: {twice}")
    cases.sort(key=lambda case: case["op"])
    lines = ",\n".join(json.dumps(case, separators=(",", ":"), ensure_ascii=False) for case in cases)
    version = torch.__version__.split("+")[0]
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(
        "// Written by `node tools/parity/record.mjs op_sweep`.\n"
        f"export const recorded = JSON.parse(`{{\"torch\":\"{version}\",\"cases\":[\n{lines}\n]}}`)\n"
    )
    print(f"op sweep: {len(cases)} cases of {len({case['op'] for case in cases})} ops, {FILE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
