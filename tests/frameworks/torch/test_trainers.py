"""Trainers are followed in one line: each step's parameters, and the loss that was differentiated there."""

import warnings

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from thalweg.frameworks.torch.recorder import recorder
from thalweg.frameworks.torch.state import flatten_all
from thalweg.frameworks.torch.trainers import Turns, follower

SOURCE = np.random.default_rng(6)
X = torch.tensor(SOURCE.standard_normal((24, 3)), dtype=torch.float32)
Y = torch.sin(X.sum(1, keepdim=True))
ACCUMULATED, SIZE, RATE = 2, 4, 0.1


class Rows(Dataset):
    def __len__(self):
        return len(X)

    def __getitem__(self, row):
        return {"x": X[row], "labels": Y[row]}


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(2)
            self.body = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))

    def forward(self, x, labels=None):
        outputs = self.body(x)
        return {"loss": nn.functional.mse_loss(outputs, labels), "logits": outputs}


def by_hand():
    """Train by a loop of one's own: plain gradient descent on the mean of so many batches a step."""
    model, rows, losses = Model(), [], []
    for first in range(0, len(X), SIZE * ACCUMULATED):
        parts = [slice(at, at + SIZE) for at in range(first, first + SIZE * ACCUMULATED, SIZE)]
        rows.append(flatten_all(model))
        loss = sum(model(X[part], Y[part])["loss"] for part in parts) / ACCUMULATED
        losses.append(loss.item())
        slopes = torch.autograd.grad(loss, list(model.parameters()))
        with torch.no_grad():
            for parameter, slope in zip(model.parameters(), slopes, strict=True):
                parameter -= RATE * slope
    return np.array([*rows, flatten_all(model)]), losses


def checked(training):
    rows, losses = by_hand()
    recording = training.finish()
    # 32 bits: gradients of parts are added in another order
    np.testing.assert_allclose(recording["params"], rows, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(recording["loss"], [*losses, np.nan], rtol=1e-5)


def test_hugging_faces_trainer_is_followed(tmp_path):
    from transformers import Trainer, TrainingArguments

    class InOrder(Trainer):
        def _get_train_sampler(self, *arguments):
            return torch.utils.data.SequentialSampler(self.train_dataset)

    model = Model()
    arguments = TrainingArguments(
        tmp_path, per_device_train_batch_size=SIZE, gradient_accumulation_steps=ACCUMULATED, num_train_epochs=1,
        report_to=[], save_strategy="no", max_grad_norm=0, use_cpu=True, disable_tqdm=True, logging_strategy="no",
        dataloader_pin_memory=False,
    )  # fmt: skip
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE)
    constant = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0)
    trainer = InOrder(model, arguments, train_dataset=Rows(), optimizers=(optimizer, constant))
    training = recorder(model)
    following = training.follow(trainer)
    trainer.train()
    checked(training)
    following.remove()
    assert "training_step" not in vars(trainer)


def test_lightnings_trainer_is_followed(tmp_path):
    import lightning

    class Lit(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.model = Model()

        def training_step(self, batch, number):
            return self.model(**batch)["loss"]

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=RATE)

    lit = Lit()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what it says of loggers and workers is no concern here
        trainer = lightning.Trainer(
            max_epochs=1, accumulate_grad_batches=ACCUMULATED, accelerator="cpu", logger=False, default_root_dir=tmp_path,
            enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
        )  # fmt: skip
        training = recorder(lit.model)
        following = training.follow(trainer)
        trainer.fit(lit, DataLoader(Rows(), batch_size=SIZE))
    checked(training)
    following.remove()


def test_what_is_no_trainer_is_followed_by_nothing():
    assert follower(torch.optim.SGD(Model().parameters(), lr=1.0)) is None
    assert follower(None) is None


@pytest.mark.parametrize(
    ("steps", "begun"), [("aaa", "aaa"), ("abab", "a.a."), ("aab", "aa."), ("baba", "b.b."), ("abba", "a.b.")]
)
def test_a_step_of_several_optimisers_begins_with_the_first(steps, begun):
    turns, names = Turns(), {"a": object(), "b": object()}
    count = len(set(steps))
    assert "".join(name if turns(names[name], count) else "." for name in steps) == begun
