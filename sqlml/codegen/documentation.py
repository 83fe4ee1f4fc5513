"""The page on engines, from what each says of itself."""

from sqlml.codegen import ENGINES
from sqlml.codegen.engine import FEATURES, variants_of

_HEAD = """# Engines

A program, or a workflow written in Python, runs here or is written for an engine:

```sh
sqlml render flow.sql --engine argo --store s3://bucket/flow --image registry/sqlml:0.1
```

- Every step of SQL becomes a call of `sqlml step`, in the image that the `Dockerfile` of this
  project builds (`--image`). Tables, models and results move through an artifact store at any URL
  that fsspec knows (`--store`); so a pod needs nothing but the image, its step and the store. Base
  tables must be in the store as Parquet (`tables/NAME.parquet`); `sqlml run --engine` puts them,
  and the models that the program needs, there. On machines that share a disk, steps can open the
  DuckDB file itself (`--worker-db`).
- `sqlml run flow.sql --engine argo --store …`, or `--engine tekton`, hands the workflow to the
  cluster of the kubeconfig, shows how its steps end, and prints the results. `--run-id
  nightly-2026-05-01` names the run: the same command again submits nothing, and follows on.
  `sqlml log RUN` prints what its pods print, `sqlml cancel RUN` stops it; steps on exit still run.
  A call that the cluster is too busy for, or whose answer is lost, is made again, and nothing is
  made twice. On Tekton a run is a PipelineRun that holds its pipeline, and so is not changed by
  what is run after it; what its steps share is a ConfigMap with the version in its name. Steps of
  called workflows are told one by one there, and as parts of the call on Argo; those in the child
  Workflows of a large one as any others.
- So does `sqlml run flow.sql --engine airflow --set server=http://localhost:8080 --set dags=FOLDER
  --store …`: the DAG file is put into the folder that Airflow reads, and when Airflow knows it as
  it is (new files are found every five minutes, unless `refresh_interval` says otherwise), a run of
  it is triggered that has our id. Without `dags`, somebody else puts there what `sqlml render`
  writes. A file that sqlml has not written stays, and so does one that a run is reading. What
  Airflow knows you by is in `SQLML_AIRFLOW_TOKEN`, or in `SQLML_AIRFLOW_USER` and
  `SQLML_AIRFLOW_PASSWORD`, which a token is asked for with; it is kept nowhere. `sqlml cancel`
  marks the run as failed, as Airflow's page does: steps on exit are left out then.
- And `sqlml run flow.sql --engine kfp --set server=http://localhost:8888 --store …`: the pipeline
  is sent with the run, whose name there ends with our id. The token is in `SQLML_KFP_TOKEN`, or in
  the file that Kubeflow puts into pods; `--namespace` is that of a user. What steps print is asked
  of the API server, at `/apis/v1alpha1/runs/…/log`; where that does not tell it, `kubectl logs`
  does, and a step that was left out counts as succeeded.
- `--engine python` writes a script, which is run as any other (E0780).
- `sqlml schedule flow.sql --cron '0 3 * * *' --engine argo --store …` makes a CronWorkflow of it,
  or replaces the one of that name; `--engine tekton` a CronJob, with an account of its own that may
  start PipelineRuns in its namespace and do nothing else; `--engine airflow` a DAG with these
  times, put into its folder as that of a run is; `--engine kfp` a recurring run for each time, in
  UTC, instead of those of that name. Its base tables are those of that moment. So does
  `sqlml run` of a program with `CREATE JOB`: what it says besides is run now; where that has ended
  well, each job is scheduled. `sqlml render` writes a file for each, and one for the rest, to be
  run once: for Argo, Airflow, Tekton (with `--namespace`) and Kubeflow, where a person makes the
  recurring run of a file.
- No secret is written into a file: `CREATE SECRET` is refused there (E0753). Give the steps
  credentials through their environment.
- A program was run by hand through Airflow 3.3.2: `airflow db migrate`, then `airflow api-server`,
  `airflow dag-processor` and `airflow scheduler` on the loopback, with SQLite and LocalExecutor; it
  trained, predicted and gave the same rows as here, in one piece and in parts, the same command
  again submitted nothing, a schedule of every minute ran, and failures, conditions, maps and
  `sqlml cancel` came to what they come to here, steps on exit after a cancel apart. In the tests a
  small server answers as that one did. No server of Kubeflow was at hand: the tests' is written
  from the published interface, and Kubeflow's own client, which is run against it, agrees with it.
- Argo's manifests are checked against its schema and by a linter (`sqlml lint FILE`). Airflow's
  files and Kubeflow's pipelines are run by these engines themselves in the tests, with the same
  results as here; Argo's are not run: that needs a cluster. Tekton's are linted too, and run in
  the tests by a small interpreter of what is written, not by Tekton itself.
- `--engine python` is for people to read and go on from: one script without sqlml. Statements of
  SQL are lines of DuckDB and of the trainer's own library: plain statements (tables of a SQLite
  file are read by ADBC), TRAIN with XGBoost, LightGBM, scikit-learn, statsmodels or Keras (deep,
  linear, both together, recurrent), of a ScoreCard or a GCN, on numbers, dates, text, categories
  and lists of numbers, searches (one trial after the other, of what is tried here, too) but those
  that an advisor guides, that halve the rows, or that give trials up between rounds, PREDICT,
  EVALUATE, and EXPLAIN … INTO of boosters and score cards; what it has no words for is refused
  (E0797). Of a program of jobs there is a script for each; a model that one trains and another
  uses lies in a folder beside the database
  (`FILE.duckdb.models`), if it is one of XGBoost, LightGBM or scikit-learn. Steps of a workflow are
  calls of their functions, conditions are `if`, loops are loops, and images are run by Podman or
  Docker. Where a failed step would leave others to run, or something asks how it has ended, ends
  are noted (`with steps.run(…)`) and the script goes on; elsewhere, and for every statement of SQL
  that nothing asks about, a failure ends the script.

## What becomes of what

✓ native · ~ in other terms, told in the notes · – refused, with the step's place (E0752)
"""


def engines_page() -> str:
    """`docs/engines.md`: a table of features and engines, and the notes to it."""
    engines = [ENGINES.load(name) for name in sorted(ENGINES)]
    marks = {"native": "✓", "lowered": "~", "refused": "–"}
    lines = [_HEAD, f"| | {' | '.join(engine.title for engine in engines)} |"]
    lines.append(f"|---|{'---|' * len(engines)}")
    for feature in FEATURES:
        cells = (marks[engine.support[feature].support] for engine in engines)
        lines.append(f"| {feature} | {' | '.join(cells)} |")
    for engine in engines:
        lines += ["", f"## {engine.title}", ""]
        for feature in FEATURES:
            capability = engine.support[feature]
            if capability.note:
                lines.append(f"- {marks[capability.support]} {feature}: {capability.note}")
        for name, meaning in engine.settings.items():
            lines.append(f"- `--set {name}=…`: {meaning}")
            for feature, capability in variants_of(engine).get(name, {}).items():
                note = capability.note or "by the cluster's own means"
                lines.append(f"  - {marks[capability.support]} {feature}: {note}")
    return "\n".join(lines) + "\n"
