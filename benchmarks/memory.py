"""What sizing steps by history wastes, against asking for the largest seen of each step's type.

    python -m benchmarks.memory [FILE_OR_FOLDER …] [--seed N] [--steps N] [--held-out] [--json]

Files: Parquet with one row per task of real runs (workflow, task, name, program, runtime_s,
memory_bytes, input_bytes) or per assembly (lineage, assembler, wall_clock_seconds,
peak_mem_in_gbs); others are left out. Without any, seeded histories of six kinds are made up.

Each step is sized from those that ended before it, in the order of the file and in random orders.
Waste: (allocated - used) x time, plus all that was allocated to attempts that were killed for
memory. A step that is killed is lifted: the largest seen, then the request, then the double. The
request is the user's: twice what the type needs at most. The first step of each type gets it from
both; it is left out of the ratio ("first included" counts it).

--held-out: also choose the rule's settings anew on one half of the histories, and tell what they
give on the other half; see `held_out.py`.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.held_out import HeldOut, held_out
from benchmarks.histories import STEPS, History, histories
from benchmarks.sizing import Tally, replay

ORDERS = 3  # random ones


def measure(each: History, seed: int) -> Mapping[str, Tally]:
    steps = len(each.peaks)
    shuffled = Tally()
    for number in range(ORDERS if steps < 5000 else 1):
        order = np.random.default_rng((seed, number)).permutation(steps)
        shuffled += replay(each, order.tolist())
    return {"random": shuffled, "chronological": replay(each, range(steps))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", nargs="*", type=Path, metavar="FILE_OR_FOLDER")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=STEPS, help="of made-up workflows")
    parser.add_argument("--held-out", action="store_true", help="choose settings on one half")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args()
    found = list(histories(given.paths, given.seed, given.steps))
    workflows = [each for each in found if "metaspades" not in each.name]
    measured: defaultdict[str, dict[str, Tally]] = defaultdict(_tallies)
    total = _tallies()
    for history in found:
        for order, tally in measure(history, given.seed).items():
            measured[history.name][order] += tally
            if any(history is each for each in workflows):
                total[order] += tally
    chosen = held_out(workflows, given.seed) if given.held_out else None
    if given.json:
        print(json.dumps(_told(given.seed, measured, total, chosen)))
    else:
        _show(measured, total, chosen)


def _tallies() -> dict[str, Tally]:
    return {"random": Tally(), "chronological": Tally()}


def _told(
    seed: int,
    measured: Mapping[str, Mapping[str, Tally]],
    total: Mapping[str, Tally],
    chosen: HeldOut | None,
) -> dict[str, Any]:
    told = {
        name: {order: tally.told() for order, tally in each.items()}
        for name, each in (*measured.items(), ("", total))
    }
    everything = {"seed": seed, "workflows": told.pop(""), "histories": told}
    return everything | ({"held_out": asdict(chosen)} if chosen else {})


def _show(
    measured: Mapping[str, Mapping[str, Tally]],
    total: Mapping[str, Tally],
    chosen: HeldOut | None,
) -> None:
    print(_line("history", "order", "steps", "waste", "first incl.", "oom", "oom there", "ms"))
    for name, each in (*measured.items(), ("ALL WORKFLOWS", total)):
        for order, tally in each.items():
            figures = tally.told()
            shown = ("ratio", "ratio_first_included", "out_of_memory", "largest_seen_out_of_memory")
            values = [_shown(figures[key]) for key in shown]
            print(_line(name, order, str(tally.steps), *values, f"{figures['decision_ms']:.2f}"))
    if chosen:
        print("\non halves of the workflows that settings were not chosen on (smallest to largest)")
        for name, found in (
            ("chosen on the other half", chosen.chosen),
            ("shipped", chosen.shipped),
        ):
            ratios, shares = (
                f"({min(v):.3f} to {max(v):.3f})" for v in (found.ratios, found.shares)
            )
            print(
                f"  {name:<26} waste {found.ratio:.3f} {ratios},"
                f" out of memory {found.out_of_memory:.3f} {shares}"
            )


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _line(name: str, order: str, *values: str) -> str:
    return f"{name[:40]:<40}  {order:<13}" + "".join(f"{value:>12}" for value in values)


if __name__ == "__main__":
    main()
