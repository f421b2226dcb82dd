"""PyTorch Lightning: with_lightning.py <material> <threads> default|barebones"""

import logging
import sys
import warnings

import lightning
import torch
from lightning.pytorch import LightningModule, Trainer
from material import Material
from models import build, loss_of, optimizer_of
from protocol import AskedFor, LossCheck


class Measured(LightningModule):
    def __init__(self, material, check):
        super().__init__()
        self.model = build(material)
        self.material = material
        self.check = check

    def training_step(self, batch, _index):
        inputs, labels = batch
        loss = loss_of(self.model, inputs, labels)
        self.check.see(loss)
        return loss

    def configure_optimizers(self):
        return optimizer_of(self.material, self.model)


warnings.filterwarnings("ignore")
logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
material = Material(sys.argv[1])
torch.set_num_threads(int(sys.argv[2]))
check = LossCheck(material.training["checkStep"])
common = {"accelerator": "cpu", "devices": 1, "max_epochs": 1}
plain = {
    "logger": False,
    "enable_progress_bar": False,
    "enable_checkpointing": False,
    "enable_model_summary": False,
}
trainer = Trainer(**common, **({"barebones": True} if sys.argv[3] == "barebones" else plain))
about = f"Lightning {lightning.__version__}, PyTorch {torch.__version__}, {torch.get_num_threads()} threads"
trainer.fit(Measured(material, check), train_dataloaders=AskedFor(material.batches, about, check))
