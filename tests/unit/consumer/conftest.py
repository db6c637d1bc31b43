from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.model_folder import ModelDir


@pytest.fixture
def models(tmp_path: Path) -> ModelDir:
    return ModelDir(tmp_path / "model")
