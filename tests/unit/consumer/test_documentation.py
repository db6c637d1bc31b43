import re
from pathlib import Path

import tomllib

ROOT = Path(__file__).parents[3]


def test_the_batch_job_of_the_documentation_runs(models, tmp_path, monkeypatch):
    models.publish(3.0)
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs/consumer.md").read_text(encoding="utf-8"), re.DOTALL)
    assert len(code.splitlines()) <= 10
    exec(compile(code, "docs/consumer.md", "exec"), {})  # noqa: S102
    assert (tmp_path / "scored.csv").read_text() == "v1,1,43.0\nv1,2.5,47.5\nv1,5,55.0\n"


def locked(path):
    return dict(re.findall(r"(?m)^([A-Za-z0-9._-]+)==([^ \\]+(?: ; [^\\]+)?)", (ROOT / path).read_text()))


def test_the_service_is_locked_to_the_versions_of_the_image():
    image, service = locked("requirements/runtime.txt"), locked("example-repo/service/requirements.txt")
    for name in ("scikit-learn", "joblib", "pandas"):
        assert service[name] == image[name]
    blocks = re.split(r"(?m)^(?=[A-Za-z0-9._-]+==)", (ROOT / "example-repo/service/requirements.txt").read_text())[1:]
    assert all("--hash=sha256:" in block for block in blocks)


def test_the_extra_and_the_service_require_what_the_project_requires():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    base = set(project["project"]["dependencies"])
    assert set(project["project"]["optional-dependencies"]["consumer"]) <= base
    shared = {line for line in project["dependency-groups"]["service"] if line.split(">")[0] in ("joblib", "pandas")}
    assert shared <= base
