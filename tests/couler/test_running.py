"""Programs of Couler run on this machine, their images' commands as processes."""

# ruff: noqa: T201

import runpy
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from sqlml import couler
from sqlml.errors import ProgramError, StepError
from sqlml.runtime.report import RunReport

EXAMPLES = Path(__file__).parents[2] / "examples" / "couler"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("SQLML_DB", str(tmp_path / "runs.duckdb"))
    monkeypatch.setenv("SQLML_CONTAINERS", "process")
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:/usr/bin:/bin")
    yield
    couler.set_default_submitter(None)


def outputs(report: RunReport) -> dict[str, Mapping[str, Any]]:
    return {n: s.outcome.outputs for n, s in report.steps.items() if s.status == "succeeded"}


def skipped(report: RunReport) -> set[str]:
    return {name for name, step in report.steps.items() if step.status == "skipped"}


def sh(line: str, *args: Any, name: str | None = None, **more: Any):
    return couler.run_container(
        image="alpine", command=["sh", "-c", line, "sh"], args=list(args), step_name=name, **more
    )


def square(number, extra):
    print(number * number + extra["plus"])


def add(numbers):
    import json

    print(sum(map(int, json.loads(numbers))))


def test_values_go_through_maps_conditions_and_branches() -> None:
    squares = couler.map(
        lambda x: couler.run_script(image="python", source=square, args=[x, {"plus": 1}]), [1, 2, 3]
    )
    total = couler.run_script(image="python", source=add, args=[squares], step_name="total")

    def large():
        doubled = sh("echo $(($1 * 2))", total, name="doubled")
        couler.when(couler.bigger(doubled, 1000), lambda: sh("echo huge", name="huge"))
        return doubled

    found = couler.when(couler.bigger_equal(total, 17), large)
    couler.when(couler.smaller(total, 17), lambda: sh("echo small", name="small"))
    sh('echo "$1 and $2"', total, found, name="told")
    report = couler.run()
    made = outputs(report)
    assert made["total"] == {"result": "17"}
    assert made["told"] == {"result": "17 and 34"}
    assert {"small"} <= skipped(report)
    assert any(name.endswith("huge") for name in skipped(report))


def test_a_step_is_repeated_while_its_output_fulfils_the_condition(tmp_path: Path) -> None:
    count = tmp_path / "count"
    count.write_text("3")
    line = f"n=$(($(cat {count}) - 1)); echo $n > {count}; echo $n"
    last = couler.exec_while(couler.bigger(0), lambda: sh(line, name="count"))
    sh('echo "left: $1"', last, name="told")
    assert outputs(couler.run())["told"] == {"result": "left: 0"}


def test_a_skipped_branch_does_not_keep_what_follows_from_running() -> None:
    coin = sh("echo tails", name="coin")

    def branch():
        made = sh("echo 1", name="made")
        sh("echo $1", made, name="used")

    couler.when(couler.equal(coin, "heads"), branch)
    sh("echo end", name="end")
    assert outputs(couler.run())["end"] == {"result": "end"}


def test_files_secrets_and_variables_reach_steps() -> None:
    place = couler.create_parameter_artifact("message.txt")
    folder = couler.create_local_artifact("data.txt")
    secret = couler.create_secret({"PASSWORD": "tiger"})
    made = sh(
        "printf hello > message.txt; printf rows > data.txt", name="make", output=[place, folder]
    )
    sh(
        'echo "$1 $(cat data.txt) $PASSWORD $COUNT"',
        made,
        name="use",
        secret=secret,
        env={"COUNT": 2},
    )
    assert outputs(couler.run())["use"] == {"result": "hello rows tiger 2"}


def test_exit_handlers_run_after_a_failure_which_is_told_at_the_users_line() -> None:
    ended: list[str] = []
    sh("exit 3", name="fails")
    sh("echo never", name="later")
    couler.set_exit_handler(couler.WFStatus.Failed, lambda: sh("echo sorry", name="sorry"))
    couler.set_exit_handler(couler.WFStatus.Succeeded, lambda: sh("echo fine", name="fine"))
    submitter = couler.LocalSubmitter(
        listeners=[
            lambda event: ended.append(f"{type(event).__name__} {getattr(event, 'step', '')}")
        ]
    )
    with pytest.raises(StepError):
        couler.run(submitter=submitter)
    assert "StepFinished sorry" in ended
    assert "StepFinished fine" not in ended


def test_what_this_machine_cannot_run_is_said_before_anything_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SQLML_CONTAINERS", "auto")
    monkeypatch.setenv("PATH", "/nowhere")
    sh("echo 1")
    with pytest.raises(ProgramError) as caught:
        couler.run()
    assert caught.value.diagnostics[0].code == "E0688"


@pytest.mark.parametrize("example", ["code3_control_flow", "code5_recursion"])
def test_the_coins_of_the_paper_are_flipped(example: str) -> None:
    runpy.run_path(str(EXAMPLES / f"{example}.py"))
    report = couler.run()
    made = outputs(report)
    side = made["flip-coin"]["result"]
    if example == "code5_recursion":
        assert side == "heads"
    else:
        assert made[side]["result"] == f"it was {'headed' if side == 'heads' else 'tailed'}"
        assert skipped(report) == {"heads", "tails"} - {side}
