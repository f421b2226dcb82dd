"""Unpacks what the binding needs of a wheel of TensorFlow: `unpack.py <folder of the wheel> <folder to unpack into>`.

A third of the wheel: both libraries, and the headers of the C interface with what they include.
"""

import pathlib
import sys
import zipfile

WANTED = (
    "tensorflow/libtensorflow_cc.so.2",
    "tensorflow/libtensorflow_framework.so.2",
    "tensorflow/include/tensorflow/c/",
    "tensorflow/include/tensorflow/core/platform/",
    "tensorflow/include/tsl/c/",
    "tensorflow/include/tsl/platform/",
)

(wheel,) = pathlib.Path(sys.argv[1]).glob("*.whl")
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        if name.startswith(WANTED):
            archive.extract(name, sys.argv[2])
