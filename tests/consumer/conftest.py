from __future__ import annotations

from pathlib import Path

import pytest
from consumer_world import ModelDir


@pytest.fixture
def models(tmp_path: Path) -> ModelDir:
    return ModelDir(tmp_path / "model")
