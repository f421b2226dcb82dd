"""PyTorch with a plain loop: plain.py <material> <threads>"""

import sys

import torch
from material import Material
from models import build, loss_of, optimizer_of
from protocol import AskedFor, LossCheck

material = Material(sys.argv[1])
torch.set_num_threads(int(sys.argv[2]))
check = LossCheck(material.training["checkStep"])
model = build(material)
optimizer = optimizer_of(material, model)
about = f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads"
for inputs, labels in AskedFor(material.batches, about, check):
    optimizer.zero_grad()
    loss = loss_of(model, inputs, labels)
    check.see(loss)
    loss.backward()
    optimizer.step()
