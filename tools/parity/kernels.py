"""Records what PyTorch gives for every kernel of @levin/kernels: values, gradients, and slopes by central differences.

    python tools/parity/kernels.py packages/kernels/test/parity [family …]

The cases are in `kernel_cases`, a module for each family.
"""

import sys
from importlib import import_module
from pathlib import Path

import torch

from kernel_cases import updates
from kernel_cases.recording import write

FAMILIES = [
    "products",
    "convolution",
    "pooling",
    "indexing",
    "layout",
    "elementwise",
    "selection",
    "losses",
    "normalisation",
    "sequences",
    "complex",
    "updates",
]


def main():
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "packages/kernels/test/parity")
    torch.set_default_dtype(torch.float64)
    for family in sys.argv[2:] or FAMILIES:
        cases = list(import_module(f"kernel_cases.{family}").cases())
        write(folder, family, cases)
        print(f"{family}: {len(cases)} cases")
    write(folder, "optimizers", list(updates.optimizers()), given=updates.given())


if __name__ == "__main__":
    main()
