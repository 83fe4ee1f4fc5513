from pathlib import Path

import numpy as np
import pytest

from sqlml.runtime import machine


@pytest.fixture
def cgroup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tree of control groups in which this process sits two levels deep."""
    own = tmp_path / "groups" / "pod" / "container"
    own.mkdir(parents=True)
    membership = tmp_path / "membership"
    membership.write_text("0::/pod/container\n")
    monkeypatch.setattr(machine, "CGROUPS", tmp_path / "groups")
    monkeypatch.setattr(machine, "MEMBERSHIP", membership)
    return own


def test_the_memory_limit_is_the_smallest_of_all_groups_around(cgroup: Path) -> None:
    (cgroup / "memory.max").write_text("max\n")
    (cgroup.parent / "memory.max").write_text(f"{512 << 20}\n")
    assert machine.memory_limit() == 512 << 20


def test_without_groups_all_of_the_machine_may_be_used(tmp_path: Path, cgroup: Path) -> None:
    (tmp_path / "membership").unlink()
    total = int(Path("/proc/meminfo").read_text().split()[1]) * 1024
    assert abs(machine.memory_limit() - total) < 16 << 20


def test_cores_are_bounded_by_the_quota_of_the_container(cgroup: Path) -> None:
    (cgroup / "cpu.max").write_text("100000 100000\n")
    assert machine.core_count() == 1


def test_less_than_a_core_counts_as_one(cgroup: Path) -> None:
    (cgroup / "cpu.max").write_text("50000 100000\n")
    assert machine.core_count() == 1


def test_groups_of_the_first_version_bound_too(tmp_path: Path, cgroup: Path) -> None:
    (tmp_path / "membership").write_text("4:memory:/a/b\n1:cpu,cpuacct:/a\n0::/\n")
    groups = tmp_path / "groups"
    (groups / "memory" / "a" / "b").mkdir(parents=True)
    (groups / "memory" / "a" / "memory.limit_in_bytes").write_text(f"{256 << 20}\n")
    (groups / "memory" / "a" / "b" / "memory.limit_in_bytes").write_text(f"{2**63 - 4096}\n")
    (groups / "cpu" / "a").mkdir(parents=True)
    (groups / "cpu" / "a" / "cpu.cfs_quota_us").write_text("100000\n")
    (groups / "cpu" / "a" / "cpu.cfs_period_us").write_text("100000\n")
    assert machine.memory_limit() == 256 << 20
    assert machine.core_count() == 1


def test_peak_memory_is_forgotten_between_steps() -> None:
    before = machine.peak_memory()
    block = np.ones(64 << 20, np.uint8)
    high = machine.peak_memory()
    assert high >= max(before, block.nbytes)
    del block
    machine.forget_peak_memory()
    assert machine.peak_memory() <= high - (48 << 20)


def test_sizes_are_told_in_binary_units() -> None:
    assert machine.in_words(3 * 2**30 + 2**27) == "3.1 GiB"
    assert machine.in_words(480 * 2**20) == "480 MiB"
