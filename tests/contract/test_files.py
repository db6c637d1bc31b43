"""Files that have to agree, read independently of the script that writes some of them."""

import json
import re
from pathlib import Path

import pytest
import tomllib
import yaml

from ml_action import __version__, cli
from ml_action.commands.parser import make_parser
from ml_action.config import parse
from ml_action.config.options import BY_NAME, MODES, OPTIONS
from ml_action.core import errors
from ml_action.core.errors import EXIT_BUG, EXIT_INTERRUPTED, EXIT_TERMINATED
from ml_action.core.records.choices import Verdict
from ml_action.reports.outputs import CHECK_OUTPUTS, OUTPUTS
from ml_action.runtime import actions

ROOT = Path(__file__).parents[2]
NAMES = [setting.name for setting in OPTIONS]
OURS = {
    "org/ml-auto-update": "action.yml",
    "./": "action.yml",
    "org/ml-auto-update/check": "check/action.yml",
    "./check": "check/action.yml",
}


def text_of(path):
    return (ROOT / path).read_text(encoding="utf-8")


def yaml_of(path):
    return yaml.safe_load(text_of(path))


def table_under(path, heading):
    """The rows of the first table after a heading, as lists of cells."""
    rows = []
    for line in text_of(path).partition(f"\n{heading}\n")[2].splitlines():
        if line.startswith("|"):
            rows.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
        elif rows:
            break
    return rows[2:]


# --- the actions --------------------------------------------------------------------------------------------


def test_the_actions_inputs_are_the_table():
    inputs = yaml_of("action.yml")["inputs"]
    assert list(inputs) == NAMES
    for setting in OPTIONS:
        row = inputs[setting.name]
        assert row["required"] is False
        assert row["description"].startswith(setting.help)
        assert all(choice in row["description"] for choice in setting.choices)
        if setting.default and not setting.secret:
            assert f"Default {setting.default}." in row["description"]


def test_an_input_that_is_not_given_leaves_the_file_its_say():
    inputs = yaml_of("action.yml")["inputs"]
    assert {name for name, row in inputs.items() if row["default"]} == {"token"}
    assert inputs["token"]["default"] == "${{ github.token }}"


def test_the_actions_outputs_are_the_table():
    outputs = yaml_of("action.yml")["outputs"]
    assert {name: row["description"] for name, row in outputs.items()} == dict(OUTPUTS)
    assert list(outputs) == list(OUTPUTS)


def test_the_output_decision_names_every_verdict():
    named = set(re.split(r"[ ,:.]+", OUTPUTS["decision"]))
    assert {str(verdict) for verdict in Verdict} <= named


def test_the_check_actions_inputs_are_rows_of_the_table():
    whole, check = yaml_of("action.yml")["inputs"], yaml_of("check/action.yml")["inputs"]
    assert {name: whole[name] for name in check} == check
    assert set(check) == {"name", "data-path", "threshold", "base", "forge", "token", "workspace", "ca-bundle"}


def test_the_check_actions_outputs_come_from_its_step():
    action = yaml_of("check/action.yml")
    (step,) = action["runs"]["steps"]
    assert list(action["outputs"]) == list(CHECK_OUTPUTS)
    for name, row in action["outputs"].items():
        assert row["description"] == OUTPUTS[name]
        assert row["value"] == f"${{{{ steps.{step['id']}.outputs.{name} }}}}"


def test_the_check_action_passes_every_input_and_none_inside_a_script():
    action = yaml_of("check/action.yml")
    (step,) = action["runs"]["steps"]
    assert action["runs"]["using"] == "composite"
    assert "${{" not in step["run"]
    given = actions.read_inputs(step["env"])
    assert given.pop("mode") == "check"
    assert given == {name: f"${{{{ inputs.{name} }}}}" for name in action["inputs"]}


def test_the_check_action_starts_a_bare_python_in_isolation():
    (step,) = yaml_of("check/action.yml")["runs"]["steps"]
    assert re.fullmatch(r'python3 -I -S "\$GITHUB_ACTION_PATH/\.\./entrypoint\.py"', step["run"].strip())
    assert (ROOT / "check/../entrypoint.py").is_file()


def test_the_action_is_the_container():
    runs = yaml_of("action.yml")["runs"]
    assert runs == {"using": "docker", "image": "Dockerfile"}


def test_the_container_is_as_github_wants_it():
    """No USER, no WORKDIR, and no shell that would lose inputs with a hyphen (github.md A4, A7)."""
    lines = [line for line in text_of("Dockerfile").splitlines() if line and not line.startswith("#")]
    words = {line.split()[0] for line in lines}
    assert not words & {"USER", "WORKDIR", "CMD"}
    (entrypoint,) = [line for line in lines if line.startswith("ENTRYPOINT")]
    command = json.loads(entrypoint.removeprefix("ENTRYPOINT "))
    assert command[1] == "-I"
    assert command[-1].endswith("/entrypoint.py")
    copied = [line.split()[1] for line in lines if line.startswith("COPY") and "--from" not in line]
    assert {"ml_action", "entrypoint.py"} <= set(copied)
    assert all((ROOT / path).exists() for path in copied)


def workflows():
    return sorted([*ROOT.glob("example-workflows/*.yml"), *ROOT.glob(".github/workflows/*.yml")])


@pytest.mark.parametrize("path", workflows(), ids=lambda path: path.name)
def test_workflows_use_inputs_and_outputs_that_there_are(path):
    text = path.read_text(encoding="utf-8")
    for job in yaml.safe_load(text)["jobs"].values():
        for step in job.get("steps", []):
            ours = OURS.get(step.get("uses", "").partition("@")[0])
            if not ours:
                continue
            action = yaml_of(ours)
            assert set(step.get("with", {})) <= set(action["inputs"])
            used = re.findall(rf"steps\.{step['id']}\.outputs\.([a-z-]+)", text) if "id" in step else []
            assert set(used) <= set(action["outputs"])


def test_the_readmes_workflows_use_inputs_and_outputs_that_there_are():
    blocks = re.findall(r"```yaml\n(.*?)```", text_of("README.md"), re.DOTALL)
    assert len(blocks) >= 2
    assert set(re.findall(r"steps\.check\.outputs\.([a-z-]+)", "".join(blocks))) <= set(CHECK_OUTPUTS)
    (jobs,) = [yaml.safe_load(block) for block in blocks if "jobs:" in block]
    (job,) = jobs["jobs"].values()
    (step,) = [step for step in job["steps"] if step["uses"].startswith("org/ml-auto-update@")]
    given = {name: str(value) for name, value in step["with"].items()}
    assert parse.parse(given, {}).trigger.threshold == 200


# --- the command line ---------------------------------------------------------------------------------------


FLAGS = {setting.name for setting in OPTIONS if setting.has_flag and setting.name != "mode"}


def test_every_setting_but_the_mode_and_a_secret_of_the_environment_is_a_flag():
    assert set(NAMES) - FLAGS == {"mode", "workspace", "holdout-key"}
    for name, command in cli.COMMANDS.items():
        parser = make_parser([name])._subparsers._group_actions[0].choices[name]
        flags = {
            action.dest.removeprefix("setting ") for action in parser._actions if action.dest.startswith("setting ")
        }
        assert flags == (FLAGS if command.settings else set())


def test_every_mode_of_the_action_is_a_command():
    assert set(MODES) <= set(cli.COMMANDS)
    assert BY_NAME["mode"].choices == MODES


def test_the_reference_of_the_command_line_lists_every_command_and_flag():
    text = text_of("docs/cli.md")
    assert re.findall(r"(?m)^## (\S+)$", text) == [*cli.COMMANDS, "Settings"]
    for name in NAMES:
        assert (f"--{name} " in text) == (name in FLAGS | {"workspace"})  # the command line has its own


# --- the documentation --------------------------------------------------------------------------------------


def test_the_readme_lists_every_input():
    rows = table_under("README.md", "## Inputs")
    assert [row[0] for row in rows] == [f"`{name}`" for name in NAMES]
    for setting, (_, default, meaning) in zip(OPTIONS, rows, strict=True):
        assert meaning.startswith(setting.help)
        assert all(f"`{choice}`" in meaning for choice in setting.choices)
        if not setting.secret:
            assert default == (f"`{setting.default}`" if setting.default else "")


def test_the_readme_lists_every_output():
    rows = table_under("README.md", "## Outputs")
    assert {row[0].strip("`"): row[1] for row in rows} == dict(OUTPUTS)


def kinds():
    return [kind for kind in errors.ExpectedError.__subclasses__() if kind.__module__ == errors.__name__]


def test_the_readme_lists_every_exit_code():
    rows = {int(code): meaning for code, meaning in table_under("README.md", "Exit codes:")}
    assert set(rows) == {0, EXIT_BUG, EXIT_INTERRUPTED, EXIT_TERMINATED} | {kind.exit_code for kind in kinds()}
    for kind in kinds():
        assert rows[kind.exit_code].casefold() == kind.__doc__.rstrip(".").casefold()


def test_the_tree_of_failures_in_the_code_is_the_classes():
    drawn = [
        (name, int(code), text.casefold())
        for name, code, text in re.findall(r"[├└]── (\w+) +(\d+)   (.+)", errors.__doc__)
    ]
    assert drawn == [(kind.__name__, kind.exit_code, kind.__doc__.rstrip(".").casefold()) for kind in kinds()]


def source():
    """All our code with literals that go on in the next line joined."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "ml_action").rglob("*.py")))
    return re.sub(r'"\s*\n\s*f?"', "", text)


def test_messages_that_the_readme_explains_exist_in_the_product():
    rows = table_under("README.md", "## When something is in the way")
    assert len(rows) > 5
    everything = source()
    for message, _ in rows:
        words = message.strip("`").removeprefix("GitHub Actions is ")  # GitHub's own words, of which we know the rest
        for fragment in re.split(r"…|\d+/\d+", words):
            assert fragment.strip() in everything, message


@pytest.mark.parametrize(
    "path",
    sorted(path.name for path in ROOT.glob("*.md")) + sorted(f"docs/{path.name}" for path in ROOT.glob("docs/*.md")),
)
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text_of(path)):
        if not re.match(r"https?:|mailto:", target):
            assert (ROOT / path).parent.joinpath(target).exists(), target


@pytest.mark.parametrize("path", [*sorted(f"docs/{path.name}" for path in ROOT.glob("docs/*.md")), "CONTRIBUTING.md"])
def test_every_module_that_a_page_names_exists(path):
    for module in re.findall(r"`((?:ml_action|sandbox|scripts|tests|benchmarks)/[\w/]+(?:\.py|/))`", text_of(path)):
        assert (ROOT / module).exists(), module


def test_the_files_keys_are_the_schema():
    assert json.loads(text_of("ml-auto-update.schema.json")) == parse.json_schema()


def test_the_readme_names_what_may_not_stand_in_the_file():
    (sentence,) = re.findall(r"except ([^.]+)\. An\s", text_of("README.md"))
    named = {name.strip("`") for name in re.findall(r"`[a-z-]+`", sentence)}
    assert named | {setting.name for setting in OPTIONS if setting.secret} == {s.name for s in OPTIONS if not s.in_file}
    assert "tokens" in sentence


def test_the_version_is_the_same_everywhere():
    assert tomllib.loads(text_of("pyproject.toml"))["project"]["version"] == __version__
    newest = re.search(r"(?m)^## (\d+\.\d+\.\d+)", text_of("CHANGELOG.md"))
    assert newest[1] == __version__


# --- the dependencies ---------------------------------------------------------------------------------------


def locked(path):
    return {name.casefold().replace("_", "-") for name in re.findall(r"(?m)^([A-Za-z0-9._-]+)==", text_of(path))}


def test_every_dependency_is_locked_with_hashes():
    project = tomllib.loads(text_of("pyproject.toml"))["project"]
    wanted = {re.match(r"[A-Za-z0-9._-]+", line)[0].casefold() for line in project["dependencies"]}
    assert wanted <= locked("requirements/runtime.txt")
    assert locked("requirements/runtime.txt") <= locked("requirements/dev.txt")
    for path in ("requirements/runtime.txt", "requirements/dev.txt"):
        blocks = re.split(r"(?m)^(?=[A-Za-z0-9._-]+==)", text_of(path))[1:]
        assert all("--hash=sha256:" in block for block in blocks)


def test_the_schema_of_the_sandbox_and_the_terminal_are_not_in_the_container():
    assert not {"rich", "werkzeug", "graphql-core", "pytest"} & locked("requirements/runtime.txt")
