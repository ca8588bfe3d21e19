from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from chain import RUN, Chain
from plans import write_text

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one file of text."""
    return write_text(tmp_path_factory.mktemp("text"))


@pytest.fixture(scope="session")
def saved_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("saved")
    chain = Chain(2)
    chain.start(root, RUN)
    for step in (1, 2):
        chain.train(step, step)
        chain.save(root, RUN, step)
    return root


@pytest.fixture
def saved(saved_once: Path, tmp_path: Path) -> Path:
    """Checkpoints of steps 1 and 2, written by epoch 1 in two stages."""
    return Path(shutil.copytree(saved_once, tmp_path / "saved"))
