import pytest

from ml_action.core import model_metadata
from ml_action.core.errors import ModelError
from ml_action.git import registry
from tests.support.factories import make_history, make_repository, make_version


@pytest.fixture
def workspace(tmp_path):
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 3\n"
    files = {"model/v1.pkl": b"\x80model", "model/v2.pkl": pointer, "secret": "s", "model/deep/v1.pkl": "x"}
    return make_repository(
        tmp_path / "w", files | {"model/model_metadata.json": model_metadata.to_bytes(make_history())}
    )


def test_the_history_of_a_commit(workspace):
    assert registry.read(workspace.git, "HEAD", "model") == make_history()
    assert registry.read(workspace.git, "HEAD", "elsewhere") is None
    assert registry.read(workspace.git, "", "model") is None


def test_the_bytes_of_a_version(workspace):
    assert registry.artifact(workspace.git, "HEAD", "model", make_version()) == b"\x80model"


@pytest.mark.parametrize("file", ["../secret", "/etc/passwd", "deep/v1.pkl", "..", ".git", ".hidden", "v1.pkl\0"])
def test_a_file_outside_the_folder_is_never_read(workspace, file):
    with pytest.raises(ModelError, match="names a model file outside its folder"):
        registry.artifact(workspace.git, "HEAD", "model", make_version(file=file))


@pytest.mark.parametrize("file", ["v9.pkl", "deep", "", "v1.pkl\n", "--help"])
def test_a_missing_file_is_reported(workspace, file):
    with pytest.raises(ModelError, match="is not on the base branch"):
        registry.artifact(workspace.git, "HEAD", "model", make_version(file=file))


def test_a_git_lfs_pointer_is_reported(workspace):
    with pytest.raises(ModelError, match=r"model/v2\.pkl is a Git LFS pointer, not a model"):
        registry.artifact(workspace.git, "HEAD", "model", make_version(file="v2.pkl"))
