import contextlib
import json
from dataclasses import fields

import pytest
import tomllib
from hypothesis import given
from hypothesis import strategies as st

from ml_action.config.data_path import DataPath
from ml_action.config.option import Group
from ml_action.config.options import BY_NAME, OPTIONS
from ml_action.config.parse import json_schema, parse
from ml_action.config.settings import GROUPS, Settings, fingerprint_settings, validation_fingerprint, values_of
from ml_action.core.errors import SettingsError
from ml_action.core.fingerprint import fingerprint as fingerprint_of
from ml_action.core.records.choices import Autonomy
from tests.support import signing
from tests.support.factories import make_git, make_settings


def problem(given_, file=None):
    with pytest.raises(SettingsError) as caught:
        parse(given_, file or {})
    return caught.value.what


def one(name, text):
    return values_of(parse({name: text}, {}))[name.replace("-", "_")]


def test_the_defaults_are_those_of_the_table():
    settings = parse({}, {})
    assert (
        settings.data.data_path.folder,
        settings.trigger.threshold,
        settings.training.target,
        settings.training.features,
    ) == (
        "data/new_data",
        200,
        (),
        (),
    )
    assert (settings.training.test_size, settings.gate.confidence, settings.gate.min_improvement) == (0.2, 0.95, 0.005)
    assert (settings.publication.autonomy, settings.publication.merge_method, settings.publication.label) == (
        Autonomy.PROPOSE,
        "squash",
        "model-update",
    )
    assert (
        settings.training.params,
        settings.training.metric,
        settings.training.seed,
        settings.publication.model_dir,
    ) == ({}, "auto", 0, "model")
    assert (settings.secrets.token, settings.secrets.approver_token, settings.forge, settings.publication.base) == (
        "",
        "",
        "auto",
        "",
    )


def test_every_row_of_the_table_is_a_field_and_the_other_way_round():
    grouped = {(group, spec.name) for group, kind in GROUPS.items() for spec in fields(kind)}
    others = {group.value for group in GROUPS} | {"given"}  # which options were given
    alone = {(Group.RUN, spec.name) for spec in fields(Settings) if spec.name not in others}
    options = [(option.group, option.field) for option in OPTIONS]
    assert set(options) == grouped | alone
    assert len(options) == len(set(options))


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("mode", "check", "check"),
        ("name", "students-2", "students-2"),
        ("name", "a" * 63, "a" * 63),
        ("data-path", "./data//new/", DataPath(("data/new",))),
        ("data-path", "a, b/*.csv\n c ,a", DataPath(("a", "b/*.csv", "c"))),
        ("data-path", '"a,b"', DataPath(("a,b",))),
        ("untracked", "true", True),
        ("data-path", "data/../incoming", DataPath(("incoming",))),
        ("data-path", "données du mois", DataPath(("données du mois",))),
        ("data-path", "...", DataPath(("...",))),
        ("threshold", "1", 1),
        ("threshold", " 200 ", 200),
        ("features", "a, b ,c", ("a", "b", "c")),
        ("features", "a\n b,\n\nc\n", ("a", "b", "c")),
        ("features", "hours studied", ("hours studied",)),
        ("params", '{"alpha": 0.5, "deep": {"a": [1]}}', {"alpha": 0.5, "deep": {"a": [1]}}),
        ("test-size", "0", 0.0),
        ("test-size", ".3", 0.3),
        ("confidence", "0.5", 0.5),
        ("min-improvement", "1e-3", 0.001),
        ("seed", "4294967295", 4294967295),
        ("model-dir", "deep/model", "deep/model"),
        ("autonomy", "merge", Autonomy.MERGE),
        ("merge-method", "rebase", "rebase"),
        ("base", "release/2026.1", "release/2026.1"),
        ("label", "model: update", "model: update"),
        ("metric", "neg_mean_squared_error", "neg_mean_squared_error"),
    ],
)
def test_good_values(name, text, value):
    assert one(name, text) == value


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("mode", "chekc", "choose one of run, check, data, approve, rollback, doctor; perhaps you meant 'check'?"),
        ("mode", "zzz", "choose one of run, check, data, approve"),
        ("name", "Students", "use lower-case letters, digits and hyphens, 63 at most"),
        ("name", "-a", "use lower-case letters"),
        ("name", "a" * 64, "63 at most"),
        ("name", "../x", "use lower-case letters"),
        ("data-path", "/etc", "inside the repository, relative to its root"),
        ("data-path", "..", "inside the repository"),
        ("data-path", "data/../../x", "inside the repository"),
        ("data-path", ",", "name at least one folder"),
        ("data-path", "a,../b", "inside the repository"),
        ("untracked", "yes", "choose one of true, false"),
        ("data-path", "a\0b", "it has to be one line"),
        ("threshold", "abc", "it has to be a whole number"),
        ("threshold", "1.5", "it has to be a whole number"),
        ("threshold", "0", "it has to be 1 or more"),
        ("threshold", "-3", "it has to be 1 or more"),
        ("params", "alpha=1", 'it has to be a JSON object such as {"alpha": 0.5}'),
        ("params", "[1]", 'it has to be a JSON object such as {"alpha": 0.5}'),
        ("test-size", "1", "at least 0 and less than 1"),
        ("test-size", "-0.1", "at least 0 and less than 1"),
        ("test-size", "nan", "at least 0 and less than 1"),
        ("test-size", "20%", "it has to be a number between 0 and 1"),
        ("confidence", "0.49", "at least 0.5: below that the gate promotes noise"),
        ("confidence", "95", "less than 1"),
        ("min-improvement", "inf", "less than 1"),
        ("seed", "x", "it has to be a whole number"),
        ("seed", "-1", "from 0 to 4294967295"),
        ("seed", "4294967296", "from 0 to 4294967295"),
        ("model-dir", ".", "a folder of its own"),
        ("model-dir", ".github/model", "outside .git and .github"),
        ("model-dir", ".GIT", "outside .git and .github"),
        ("model-dir", "x/../.github", "outside .git and .github"),
        ("autonomy", "aprove", "perhaps you meant 'approve'?"),
        ("merge-method", "fast-forward", "choose one of merge, squash, rebase"),
        ("base", "a..b", "it is not a branch name"),
        ("base", "-x", "it is not a branch name"),
        ("base", "a b", "it is not a branch name"),
        ("base", "main:evil", "it is not a branch name"),
        ("base", "main.lock", "it is not a branch name"),
        ("label", "a\rb", "it has to be one line"),
        ("task", "regresion", "perhaps you meant 'regression'?"),
    ],
)
def test_a_bad_value_is_reported_with_name_value_and_reason(name, text, reason):
    what = problem({name: text})
    assert what.startswith(f"A setting is wrong:\n  - {name} = ")
    assert reason in what
    assert repr(text) in what


def test_all_problems_are_reported_together():
    what = problem({"threshold": "0", "treshold": "5", "token": "", "confidence": "2"}, {"sead": 1, "task": "x"})
    assert what.splitlines() == [
        "5 settings are wrong:",
        "  - 'treshold' is no input of ml-auto-update; perhaps you meant 'threshold'?",
        "  - 'sead' is no key of ml-auto-update.toml; perhaps you meant 'seed'?",
        "  - threshold = '0' (given): it has to be 1 or more",
        "  - task = 'x' (ml-auto-update.toml): choose one of auto, regression, classification",
        "  - confidence = '2' (given): it has to be at least 0 and less than 1",
    ]


def test_the_problem_says_why_and_what_to_do_and_has_its_exit_code():
    with pytest.raises(SettingsError) as caught:
        parse({"threshold": "0"}, {})
    assert caught.value.why
    assert "the README lists every setting" in caught.value.fix
    assert caught.value.exit_code == 2


def test_given_wins_over_the_file_and_the_file_over_the_default():
    assert parse({}, {}).trigger.threshold == 200
    assert parse({}, {"threshold": 50}).trigger.threshold == 50
    assert parse({"threshold": "7"}, {"threshold": 50}).trigger.threshold == 7


@pytest.mark.parametrize("blank", ["", "  ", "\n"])
def test_an_input_that_is_empty_is_not_given(blank):
    assert parse({"threshold": blank}, {"threshold": 50}).trigger.threshold == 50
    assert parse({"threshold": blank}, {}).trigger.threshold == 200


def test_the_file_speaks_toml():
    file = tomllib.loads("""
        threshold = 50
        test-size = 0.25
        features = ["hours", "sleep"]
        target = "score"
        autonomy = "approve"
        [params]
        alpha = 0.5
        fit_intercept = false
    """)
    settings = parse({}, file)
    assert (settings.trigger.threshold, settings.training.test_size, settings.training.features) == (
        50,
        0.25,
        ("hours", "sleep"),
    )
    assert settings.training.params == {"alpha": 0.5, "fit_intercept": False}
    assert (settings.training.target, settings.publication.autonomy) == (("score",), Autonomy.APPROVE)


@pytest.mark.parametrize(
    "text",
    [
        "threshold = 1.5",
        "threshold = true",
        "threshold = [1, 2]",
        "confidence = nan",
        "name = 5.5",
        "params = 3",
        "threshold = 2026-01-01",
    ],
)
def test_a_toml_value_of_the_wrong_type_is_reported_with_its_key(text):
    assert "(ml-auto-update.toml)" in problem({}, tomllib.loads(text))


@pytest.mark.parametrize("name", ["token", "approver-token", "signing-key", "mode", "forge"])
def test_a_setting_that_is_not_allowed_in_the_file_is_refused(name):
    what = problem({}, {name: "ghp_secret"})
    assert f"'{name}' may not stand in ml-auto-update.toml: pass it as an input or a flag" in what
    assert "ghp_secret" not in what


def test_secrets_never_show():
    settings = parse({"token": "ghp_secret", "approver-token": "ghp_other"}, {})
    assert (settings.secrets.token, settings.secrets.approver_token) == ("ghp_secret", "ghp_other")
    assert "ghp_" not in repr(settings)
    what = problem({"token": "ghp_first\nghp_second", "approver-token": "ghp\0x", "threshold": "x"})
    assert "ghp" not in what
    assert "token = *** (given): it has to be one line" in what


def test_signing_key_never_shows():
    settings = parse({"signing-key": signing.pem(), "signing-public-key": signing.public_pem()}, {})
    assert settings.secrets.signing_key == signing.KEY.seed
    assert settings.publication.signing_public_key == signing.KEY.public.raw
    line = signing.pem().splitlines()[1]
    assert line not in repr(settings)
    assert repr(signing.KEY.seed) not in repr(settings)
    what = problem({"signing-key": line[:-4]})
    assert "signing-key = *** (given): it has to be a private Ed25519 key" in what
    assert line[:-4] not in what
    for text in (signing.pem(), line):
        what = problem({}, {"signing-public-key": text})
        assert "signing-public-key = *** (ml-auto-update.toml): it has to be a public Ed25519 key" in what
        assert line not in what


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"data-path": "a", "model-dir": "a"}, "one may not lie inside the other"),
        ({"data-path": "a", "model-dir": "a/model"}, "one may not lie inside the other"),
        ({"data-path": "model/data"}, "one may not lie inside the other"),
        ({"data-path": "."}, "one may not lie inside the other"),
        ({"data-path": "data, model/*/new"}, "one may not lie inside the other"),
        ({"data-path": "*/new"}, "one may not lie inside the other"),
        ({"data-path": "*.csv, */new"}, "one may not lie inside the other"),
        ({"data-path": "*.csv", "untracked": "true"}, "put files that git does not track into a folder"),
        ({"unit": "rows", "untracked": "true"}, "git keeps no earlier version of an untracked file"),
        ({"target": "b", "features": "a,b"}, "features: the target 'b' is among them"),
        ({"forge": "github"}, "token is empty: forge github needs one"),
    ],
)
def test_contradictions_are_reported(values, reason):
    assert reason in problem(values)


def test_folders_that_only_begin_alike_are_no_contradiction():
    assert parse({"data-path": "model-data", "model-dir": "model"}, {}).data.data_path.patterns == ("model-data",)


def test_a_pattern_of_files_in_the_root_is_no_contradiction():
    assert parse({"data-path": "sales*.csv, data"}, {}).data.data_path.roots == (".", "data")


def test_a_gigantic_value_is_not_repeated_whole():
    assert len(problem({"threshold": "x" * 100_000})) < 1000
    assert len(problem({"x" * 100_000: "1"})) < 1000


@given(st.text().filter(str.strip))
def test_a_base_that_is_accepted_is_at_least_no_option_refspec_or_traversal(text):
    try:
        base = parse({"base": text}, {}).publication.base
    except SettingsError:
        return
    assert not base.startswith("-")
    assert ".." not in base
    assert not set(base) & set(":*?[\\^~ \n\t\0")


@pytest.mark.parametrize("name", ["main", "release/1.0", "été", "a-b_c", "v1@x", "x#1"])
def test_branch_names_that_git_takes_are_taken(name, tmp_path):
    assert make_git(tmp_path).line("check-ref-format", "--branch", name) == name
    assert parse({"base": name}, {}).publication.base == name


@given(st.dictionaries(st.sampled_from(sorted(BY_NAME)), st.text()))
def test_whatever_is_given_it_is_settings_or_a_problem(values):
    with contextlib.suppress(SettingsError):
        settings = parse(values, {})
        assert settings.trigger.threshold >= 1
        assert 0 <= settings.training.test_size < 1


toml_values = st.recursive(
    st.booleans() | st.integers() | st.floats() | st.text() | st.datetimes(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(sorted(BY_NAME)) | st.text(), toml_values, max_size=4))
def test_any_file_gives_settings_or_a_problem(file):
    with contextlib.suppress(SettingsError):
        assert parse({}, file).secrets.token == ""


def test_the_json_schema_takes_a_good_file_and_refuses_bad_ones():
    from openapi_schema_validator import OAS31Validator

    validator = OAS31Validator(json_schema())
    good = {"threshold": 50, "features": ["a", "b"], "params": {"alpha": 1}, "autonomy": "merge", "test-size": 0.1}
    assert validator.is_valid(good | {"untracked": True, "data-path": "data", "contract": {"a": {"min": 0}}})
    assert validator.is_valid(good | {"data-path": ["data", "more/*.csv"]})
    for bad in (
        {"treshold": 50},
        {"threshold": "50"},
        {"features": "a,b"},
        {"untracked": "true"},
        {"data-path": 5},
        {"autonomy": "all"},
        {"token": "x"},
    ):
        assert not validator.is_valid(bad)


def test_what_the_json_schema_takes_the_parser_takes():
    schema = json_schema()["properties"]
    assert set(schema) == {setting.name for setting in OPTIONS if setting.in_file}
    samples = {"integer": 50, "number": 0.75, "array": ["a.B"], "object": {}, "string": "abc", "boolean": True}
    kinds = {name: kind for name, entry in schema.items() for kind in [entry["type"]] if isinstance(kind, str)}
    file = {name: schema[name].get("enum", [samples[kind]])[0] for name, kind in kinds.items()}
    assert set(schema) - set(file) == {"data-path", "target"}
    for path, target in (("def", "y"), (["def", "g/*.csv"], ["y", "z, in m"])):
        more = {"data-path": path, "target": target, "drift-threshold": 40, "group": "user"}
        more |= {"signing-public-key": signing.public_pem(), "min-interval": "6h"}
        more |= {"replaced-holdout-key": "0123456789abcdef"}
        assert parse({}, file | more).trigger.threshold == 50
    assert json.loads(json.dumps(json_schema())) == json_schema()


@pytest.mark.parametrize(
    ("given", "fingerprint", "validation"),
    [
        ({}, "663a2254afa3f57fd52dcd3c62afd674ae2126f62c79d9bf07a9792e35e7b75e", "f30c9990a41b5274"),
        (
            {"unit": "rows", "target": "score,grade", "features": "a, b", "seed": "7"},
            "a778d2f6b9bc03e07af83ac62f4026ca9e02af37ffa8ffa9e01577aca237eabf",
            "b7d97bfae6c01cc6",
        ),
        (
            {
                "guardrails": '{"r2": 0.01, "neg_mean_absolute_error": 0.02}', "slices": "room", "gate": "not-worse",
                "force": "because",
            },
            "8a58d1dc800caed4eeb411ee5b4b1a789f003ee48986246004e18e29e71f4993",
            "f30c9990a41b5274",
        ),
        (
            {
                "contract": '{"hours": {"min": 0, "max": 24, "missing": 0.5}}', "params": '{"alpha": 0.5}',
                "model-format": "skops", "weight": "w", "group": "g", "test-size": "0.3", "fit-budget": "3",
            },
            "083d64c061193ed6a08f946d198e0027db34cf3f693ffb48bed7d134a990cded",
            "2fc989949655f856",
        ),
    ],
)  # fmt: skip
def test_fingerprints_are_those_that_journals_of_november_2026_hold(given, fingerprint, validation):
    """The digests were computed by the version that had one flat record of settings."""
    settings = parse(given, {})
    assert fingerprint_of({"settings": fingerprint_settings(settings)}) == fingerprint
    assert validation_fingerprint(settings.data, settings.training) == validation


def test_the_fingerprint_takes_what_shapes_a_model_or_its_verdict_and_nothing_else():
    before = fingerprint_settings(make_settings())
    shaping = {
        "unit",
        "contract",
        "target",
        "features",
        "task",
        "estimator",
        "params",
        "metric",
        "weight",
        "group",
        "test_size",
        "confidence",
        "min_improvement",
        "gate",
        "margin",
        "slices",
        "guardrails",
        "max_suspicious",
        "force",
        "fit_budget",
        "seed",
        "model_format",
    }
    assert set(before) == shaping
    assert fingerprint_settings(make_settings(token="x", autonomy=Autonomy.MERGE, threshold=5, label="y")) == before
    assert fingerprint_settings(make_settings(seed=1)) != before
    assert set(fingerprint_settings(make_settings(known_before=("x",)))) == {*shaping, "known_before"}
    assert set(fingerprint_settings(make_settings(merge_spellings=True))) == {*shaping, "merge_spellings"}
