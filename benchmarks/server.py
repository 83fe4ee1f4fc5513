"""Many clients of `sqlml server`: `python benchmarks/server.py [--clients N] [--json] …`.

Each client, over psycopg, asks for single rows by key and for predictions, while one client trains
a model again and again. Told are errors, the times of a point query (median, 99th percentile) by
itself, beside predictions, and beside the training too, and the server's memory as statements add
up; and, where PostgreSQL is installed, its times for the same point queries by as many clients on
this machine.
"""

import argparse
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from glob import glob
from pathlib import Path

import psutil
import psycopg

ROWS = 100_000
TABLE = "CREATE TABLE points AS SELECT i AS id, i % 97 / 97.0 AS a, i % 89 / 89.0 AS b FROM {rows}"
INDEX = "CREATE INDEX points_id ON points (id)"
TRAIN = (
    "SELECT a, b, a > b AS label FROM points LIMIT 20000 TO TRAIN xgboost.gbtree"
    " WITH objective = binary:logistic, train.num_boost_round = {rounds} LABEL label INTO m"
)
POINT = "SELECT a, b FROM points WHERE id = %s"
PREDICT = "SELECT id, PREDICT('m', a, b) FROM points WHERE id BETWEEN %s AND %s"


@contextmanager
def sqlml_server(folder: Path) -> Iterator[tuple[str, int]]:
    """The address of a server of its own, and its process."""
    command = [sys.executable, "-m", "sqlml", "server", "--db", str(folder / "x.duckdb")]
    command += ["--port", "0", "--max-clients", "1000"]
    environment = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE", "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    )
    try:
        assert process.stdout is not None
        told = process.stdout.readline()
        (port,) = re.findall(r":(\d+);", told)
        yield f"host=127.0.0.1 port={port} user=sqlml dbname=x", process.pid
    finally:
        process.terminate()
        process.wait()


@contextmanager
def postgresql(folder: Path) -> Iterator[str | None]:
    """The address of a PostgreSQL of its own; None where it is not installed."""
    found = sorted(glob("/usr/lib/postgresql/*/bin"))
    if not found:
        yield None
        return
    place = folder / "postgresql"
    place.mkdir()
    folder.chmod(0o755)
    as_other = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if as_other:
        shutil.chown(place, "postgres")
    data = str(place / "data")
    call = [*as_other, f"{found[-1]}/pg_ctl", "-D", data, "-w", "-l", str(place / "log")]
    _quietly(
        [*as_other, f"{found[-1]}/initdb", "-D", data, "-A", "trust", "-N", "-U", "sqlml"], place
    )
    options = f"-k {place} -c listen_addresses='' -c max_connections=1100"
    _quietly([*call, "-o", options, "start"], place)
    try:
        yield f"host={place} user=sqlml dbname=postgres"
    finally:
        _quietly([*call, "-m", "immediate", "stop"], place)


def _quietly(command: list[str], folder: Path) -> None:
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True, cwd=folder)


def asked(
    place: str, clients: int, statements: int, seed: int, *, predicts: bool
) -> tuple[list[float], list[str]]:
    """The seconds of every point query of all clients, and the errors that they met."""
    times: list[float] = []
    errors: list[str] = []

    def one(number: int) -> None:
        draw = random.Random(f"{seed} {number}")
        try:
            with psycopg.connect(place, autocommit=True) as connection:
                for turn in range(statements):
                    key = draw.randrange(ROWS)
                    began = time.perf_counter()
                    (row,) = connection.execute(POINT, [key]).fetchall()
                    times.append(time.perf_counter() - began)
                    assert abs(float(row[0]) - key % 97 / 97.0) < 1e-9
                    if predicts and turn % 10 == 0:
                        rows = connection.execute(PREDICT, [key, key + 9]).fetchall()
                        assert len(rows) == min(10, ROWS - key)
        except Exception as error:  # noqa: BLE001 - it is counted
            errors.append(f"{type(error).__name__}: {error}")

    threads = [threading.Thread(target=one, args=[number]) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times, errors


@contextmanager
def training(place: str) -> Iterator[Callable[[], int]]:
    """Models are trained, one after the other, in the meantime; gives how many were."""
    ended, count = threading.Event(), [0]

    def train() -> None:
        with psycopg.connect(place, autocommit=True) as connection:
            while not ended.is_set():
                connection.execute(TRAIN.format(rounds=50 + count[0] % 7))
                count[0] += 1

    thread = threading.Thread(target=train)
    thread.start()
    try:
        yield lambda: count[0]
    finally:
        ended.set()
        thread.join()


def told(times: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(times, n=100)
    return {"median_ms": round(cuts[49] * 1000, 2), "p99_ms": round(cuts[98] * 1000, 2)}


def memory(process: int) -> float:
    return round(psutil.Process(process).memory_info().rss / 2**20, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--statements", type=int, default=100, help="of each client")
    parser.add_argument("--many", type=int, default=100_000, help="statements for the memory")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    clients, statements = given.clients, given.statements
    found: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        with sqlml_server(folder) as (place, process):
            with psycopg.connect(place, autocommit=True) as connection:
                connection.execute(TABLE.format(rows=f"range({ROWS}) AS r(i)"))
                connection.execute(INDEX)
                connection.execute(TRAIN.format(rounds=50))
            times, errors = asked(place, clients, statements, given.seed, predicts=False)
            found["point queries alone"] = {**told(times), "errors": errors}
            times, errors = asked(place, clients, statements, given.seed, predicts=True)
            found["with predictions"] = {**told(times), "errors": errors}
            with training(place) as trained:
                times, errors = asked(place, clients, statements, given.seed, predicts=True)
                found["while training"] = {**told(times), "errors": errors, "models": trained()}
            sizes = [memory(process)]
            for _ in range(4):
                asked(place, 4, given.many // 16, given.seed, predicts=False)
                sizes.append(memory(process))
            found["memory"] = {"statements": given.many, "mib": sizes}
        with postgresql(folder) as place:
            if place is not None:
                with psycopg.connect(place, autocommit=True) as connection:
                    connection.execute(TABLE.format(rows=f"generate_series(0, {ROWS - 1}) AS r(i)"))
                    connection.execute(INDEX)
                times, errors = asked(place, clients, statements, given.seed, predicts=False)
                found["PostgreSQL, point queries alone"] = {**told(times), "errors": errors}
    for name, figures in found.items():
        print(f"{name}: {figures}")
    if given.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
