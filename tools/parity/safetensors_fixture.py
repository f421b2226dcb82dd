"""Records what Python's safetensors writes and reads, for the tests of packages/checkpoints.

    python3 -m venv .venv && .venv/bin/pip install safetensors==0.8.0 numpy
    .venv/bin/python tools/parity/safetensors_fixture.py

Writes `packages/checkpoints/test/parity/python.safetensors` (a file of theirs) and `python.json`: what is in it, and its
hash. levin writes the same content byte for byte, so that the library that opens the one opens the other; given a file of
levin's as argument, the script checks that instead: `safetensors_fixture.py <model.safetensors>`.

Given a folder it records what Python reads of the parts of a checkpoint, in `python-parts.json`. The tests write such parts:

    LEVIN_KEEP_PARTS=<folder> npx vitest run --project @levin/checkpoints python
    .venv/bin/python tools/parity/safetensors_fixture.py <folder>
"""

import hashlib
import json
import pathlib
import sys

import numpy
import safetensors
from safetensors.numpy import load_file, save_file

FOLDER = pathlib.Path(__file__).parents[2] / "packages" / "checkpoints" / "test" / "parity"

TENSORS = {
    "net.0.weight": numpy.array([[0.1, -2.5, 3e38], [-0.0, 1e-45, 7.0]], dtype=numpy.float32),
    "net.0.bias": numpy.array([1.5], dtype=numpy.float32),
    "scale": numpy.array(2.25, dtype=numpy.float32),
    "empty": numpy.zeros((0, 4), dtype=numpy.float32),
    "größe/€": numpy.array([2**31 - 1, -(2**31)], dtype=numpy.int32),
    "mask": numpy.array([[True, False, True]], dtype=numpy.bool_),
    "bytes": numpy.array([0, 128, 255], dtype=numpy.uint8),
}
METADATA = {"format": "levin"}


def listing(tensors):
    return {
        name: {"dtype": str(array.dtype), "shape": list(array.shape), "values": array.ravel().tolist()}
        for name, array in sorted(tensors.items())
    }


def record():
    FOLDER.mkdir(parents=True, exist_ok=True)
    file = FOLDER / "python.safetensors"
    save_file(TENSORS, file, metadata=METADATA)
    # The same without uint8, which tfjs has no tensors of: this one levin writes too.
    writable = FOLDER / "python-writable.safetensors"
    save_file({name: array for name, array in TENSORS.items() if name != "bytes"}, writable, metadata=METADATA)
    facts = {
        "library": f"safetensors {safetensors.__version__}",
        "metadata": METADATA,
        "tensors": listing(load_file(file)),
        "writableSha256": hashlib.sha256(writable.read_bytes()).hexdigest(),
    }
    writable.unlink()
    (FOLDER / "python.json").write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n")
    print(f"{file}: {file.stat().st_size} bytes")


def check(path):
    expected = listing({name: array for name, array in TENSORS.items() if name != "bytes"})
    found = listing(load_file(path))
    if json.dumps(found) != json.dumps(expected):
        sys.exit(f"{path} holds something else: {found}")
    print(f"{path}: read by safetensors {safetensors.__version__}, sha256 {hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()}")


def record_parts(folder):
    files = {}
    for path in sorted(pathlib.Path(folder).glob("*-of-*.safetensors")):
        with safetensors.safe_open(path, "numpy") as part:
            metadata = sorted(part.metadata())
        files[path.name] = {
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "metadata": metadata,
            "tensors": listing(load_file(path)),
        }
    facts = {"library": f"safetensors {safetensors.__version__}", "files": files}
    (FOLDER / "python-parts.json").write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n")
    print(f"read {len(files)} parts by safetensors {safetensors.__version__}")


if __name__ == "__main__":
    if len(sys.argv) == 1:
        record()
    elif pathlib.Path(sys.argv[1]).is_dir():
        record_parts(sys.argv[1])
    else:
        check(sys.argv[1])
