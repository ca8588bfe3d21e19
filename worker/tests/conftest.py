from __future__ import annotations

from pathlib import Path

import pytest
import torch
from plans import write_text

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one file of text."""
    return write_text(tmp_path_factory.mktemp("text"))
