"""Settings: where they come from, which wins, and what is wrong with them."""

from pathlib import Path
from typing import Any

import pytest

from sqlml.config import Settings, load_settings
from sqlml.errors import ProgramError


def write(folder: Path, text: str) -> None:
    (folder / "sqlml.toml").write_text(text, "utf-8")


def refused(folder: Path, environment: dict[str, str] | None = None, **given: Any) -> str:
    with pytest.raises(ProgramError) as caught:
        load_settings(folder, environment or {}, **given)
    (fault,) = caught.value.diagnostics
    return f"{fault.code} {fault.message} | {fault.hint}"


def test_without_anything_the_defaults_hold(tmp_path: Path) -> None:
    assert load_settings(tmp_path, {}) == Settings("sqlml.duckdb", "duckdb", 0, "continue", True)


def test_flags_win_over_the_environment_and_the_environment_over_the_file(tmp_path: Path) -> None:
    write(tmp_path, 'db = "file.duckdb"\nthreads = 1\non_error = "stop"\nreuse = false\n')
    assert load_settings(tmp_path, {}) == Settings("file.duckdb", "duckdb", 1, "stop", False)
    environment = {"SQLML_DB": "environment.duckdb", "SQLML_THREADS": "2", "SQLML_REUSE": "yes"}
    assert load_settings(tmp_path, environment) == Settings(
        "environment.duckdb", "duckdb", 2, "stop", True
    )
    settings = load_settings(tmp_path, environment, db="flag.duckdb", threads=3, dialect=None)
    assert settings == Settings("flag.duckdb", "duckdb", 3, "stop", True)


def test_a_path_is_a_database(tmp_path: Path) -> None:
    assert load_settings(tmp_path, {}, db=tmp_path / "x.duckdb").db == str(tmp_path / "x.duckdb")


def test_other_variables_are_left_alone(tmp_path: Path) -> None:
    assert load_settings(tmp_path, {"SQLML": "1", "SQLML_HOME": "/x"}) == Settings()


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("threads", -1, "a whole number, 0 or more"),
        ("threads", True, "a whole number, 0 or more"),
        ("threads", "two", "a whole number, 0 or more"),
        ("threads", 1.5, "a whole number, 0 or more"),
        ("reuse", "perhaps", "true or false"),
        ("reuse", 1, "true or false"),
        ("on_error", "retry", "stop or continue"),
        ("db", "", "a path, or :memory:"),
        ("db", 7, "a path, or :memory:"),
        ("dialect", [], "the name of an SQL dialect"),
        ("containers", "rkt", "auto, podman, docker or process"),
        ("secrets", 1, "the path of a folder"),
        ("cache_size", "much", "a number of bytes, as 500MB or 2GB"),
        ("cache_size", True, "a number of bytes, as 500MB or 2GB"),
        ("cache_policy", 3, "the name of a cache policy"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(
    tmp_path: Path, name: str, value: Any, hint: str
) -> None:
    said = refused(tmp_path, **{name: value})
    assert said == f"E0704 the call sets `{name}` to {value!r} | it is {hint}"


@pytest.mark.parametrize(
    ("size", "found"),
    [("2GB", 2_000_000_000), ("1.5 MiB", 1_572_864), ("500k", 500_000), ("7", 7), (9, 9), ("0", 0)],
)
def test_sizes_are_read_with_their_units(tmp_path: Path, size: str | int, found: int) -> None:
    assert load_settings(tmp_path, {}, cache_size=size).cache_size == found


def test_what_is_wrong_with_a_variable_or_a_file_says_where_it_is(tmp_path: Path) -> None:
    assert "E0704 the environment sets `threads`" in refused(tmp_path, {"SQLML_THREADS": "x"})
    write(tmp_path, "threads = -3")
    assert f"E0704 {tmp_path / 'sqlml.toml'} sets `threads`" in refused(tmp_path)


def test_an_unknown_setting_is_answered_with_the_nearest(tmp_path: Path) -> None:
    write(tmp_path, "thread = 2")
    assert "E0703" in (said := refused(tmp_path))
    assert said.endswith("did you mean `threads`?")
    assert refused(tmp_path.parent, color="red").endswith(
        "settings: advisor, author, cache_policy, cache_size, containers, db, dialect,"
        " memory_limits, on_error, passes, reuse, secrets,"
        " threads, zoo"
    )


@pytest.mark.parametrize("content", [b"threads =", b"\xff\xfe", b"[a\n"])
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "sqlml.toml").write_bytes(content)
    assert refused(tmp_path).startswith(f"E0702 `{tmp_path / 'sqlml.toml'}` cannot be read: ")


def test_an_unknown_dialect_is_answered_with_the_nearest(tmp_path: Path) -> None:
    said = refused(tmp_path, dialect="duckbd")
    assert said == (
        "E0704 the call sets `dialect` to 'duckbd', which is none | did you mean `duckdb`?"
    )
    assert load_settings(tmp_path, {}, dialect="Postgres").dialect == "postgres"
