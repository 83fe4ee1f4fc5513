"""sql-and-python: written by sqlml; change the program, not this file."""

from datetime import timedelta

from airflow.sdk import DAG, BaseOperator, MultipleCronTriggerTimetable, Param, Variable
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

DONE = {"success"}
FAILED = {"failed", "upstream_failed"}

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

class Failed(Exception):
    """A program that ended badly; what it said last."""


def run_program(step, values, secret, file, keep, log):
    """Run what a step does; its outputs by name.

    values: its inputs. secret: the value of a secret's key. file: the path of another step's
    output. keep: puts an output that is a file where it lasts. log: is given what is printed.
    """
    program = step["program"]
    if "wait" in program:
        pause = min(program["wait"], step.get("timeout", program["wait"]))
        time.sleep(pause)
        if pause < program["wait"]:
            raise Failed("its time is over")
        return {}
    if "http" in program:
        return ask(program, values)
    with tempfile.TemporaryDirectory(prefix="step-") as folder:
        command = [text(part, values) for part in program["command"]]
        if "script" in program:
            source = Path(folder, ".source")
            source.write_text(program["script"], "utf-8")
            command.insert(program["interpreter"], str(source))
            if command[0] in ("python", "python3"):
                command[0] = sys.executable
        env = {name: secret(*part["secret"]) if isinstance(part, dict) else text(part, values)
               for name, part in step["env"].items()}  # fmt: skip
        place = program.get("folder") or folder
        for path, source in step["files"].items():
            target = Path(place, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file(*source), target)
        done = subprocess.run(command, cwd=place, env={**os.environ, **env}, encoding="utf-8",
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=step.get("timeout"))  # fmt: skip
        log(done.stdout)
        log(done.stderr)
        if done.returncode:
            raise Failed(f"{done.stderr[-4000:]}\nexit code {done.returncode}")
        return {name: output(name, told, Path(place), done.stdout, keep)
                for name, told in step["outputs"].items()
                if not told.get("may_lack") or Path(place, told["path"]).exists()}  # fmt: skip


def output(name, told, place, printed, keep):
    if told["kind"] == "artifact":
        return keep(name, place / told["path"])
    found = (place / told["path"]).read_text("utf-8") if told["path"] else printed
    return typed(found if told["path"] else found.removesuffix("\n"), told["type"])


def ask(program, values):
    asked = {name: text(part, values) for name, part in program["http"].items()}
    headers = {name: text(part, values) for name, part in program["headers"].items()}
    request = urllib.request.Request(asked["url"], asked["body"].encode() or None, headers,
                                     method=asked["method"])  # fmt: skip
    try:
        with urllib.request.urlopen(request, timeout=program["timeout"]) as answer:
            return {"result": answer.read().decode()}
    except OSError as error:  # no answer, or one that says no
        raise Failed(f"{asked['url']}: {error}") from None


def holds(condition, value, is_so):
    """Whether a condition holds. value: an operand's. is_so: whether a task ended so."""
    kind, *rest = condition
    match kind:
        case "all":
            return all(holds(term, value, is_so) for term in rest)
        case "any":
            return any(holds(term, value, is_so) for term in rest)
        case "not":
            return not holds(rest[0], value, is_so)
        case "status" | "workflow":
            return is_so(kind, *rest)
    return compare(value(rest[0]), kind, value(rest[1]))


def compare(left, comparator, right):
    try:
        sides = float(left), float(right)
    except (TypeError, ValueError):
        sides = written(left), written(right)
        if comparator not in ("==", "!="):
            raise Failed(f"{sides[0]!r} and {sides[1]!r} have no order") from None
    return {"==": sides[0] == sides[1], "!=": sides[0] != sides[1], "<": sides[0] < sides[1],
            "<=": sides[0] <= sides[1], ">": sides[0] > sides[1],
            ">=": sides[0] >= sides[1]}[comparator]  # fmt: skip


def repeated(step, values, once, value, is_so):
    """Run a program, and again while the step's own condition holds; the last outputs."""
    given, rounds = once(values), 1
    while step.get("repeat"):
        def own(side, given=given):
            return given[side[2]] if side[:2] == ["output", step["name"]] else value(side)

        if not holds(step["repeat"]["condition"], own, is_so):
            break
        if rounds == step["repeat"]["limit"]:
            raise Failed(f"the condition still holds after {rounds} rounds")
        given, rounds = once(values), rounds + 1
    return given


def text(part, values):
    """A text made of pieces and values; values are JSON unless they are text already."""
    pieces = part if isinstance(part, list) else [part]
    return "".join(written(values[p["take"]]) if isinstance(p, dict) else p for p in pieces)


def written(value):
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def typed(found, kind):
    match kind:
        case "int":
            return int(found)
        case "float":
            return float(found)
        case "bool":
            return found.strip().lower() in ("true", "1", "yes")
        case "json":
            return json.loads(found)
    return found


class Step(BaseOperator):
    """Runs a program when what it needs has ended well, and hands on what the program gives.

    step: `program`, `env`, `files` and `outputs`; `inputs`, by name, where a value comes from;
    `needs`, the tasks before it and how each must have ended; `guard` and `repeat`.
    """

    template_fields = ()

    def __init__(self, *, step, item=None, **others):
        super().__init__(**others)
        self.step, self.item = step, item

    def execute(self, context):
        step, run = self.step, Run(context, self.item)
        for task, wanted in step["needs"].items():
            if not run.is_so("status", wanted, task):
                raise AirflowSkipException(f"it needs {task} to be {wanted}")
        values = {name: run.value(source) for name, source in step["inputs"].items()}
        try:
            if "guard" in step and not holds(step["guard"], run.value, run.is_so):
                context["ti"].xcom_push(key="held_back", value=True)
                raise AirflowSkipException("its condition does not hold")
            return repeated(step, values, lambda v: self.once(run, v), run.value, run.is_so)
        except Failed as failed:
            patterns = step.get("transient")
            if not patterns or not any(re.search(p, str(failed)) for p in patterns):
                raise AirflowFailException(str(failed)) from None
            raise AirflowException(str(failed)) from None

    def once(self, run, values):
        def keep(name, path):
            target = run.folder(self.task_id) / name
            target.parent.mkdir(parents=True, exist_ok=True)
            return str(shutil.copy(path, target))

        def file(task, name):
            return run.given(task)[name]

        def secret(name, key):
            return Variable.get(f"{name}_{key}")

        return run_program(self.step, values, secret, file, keep, lambda t: self.log.info("%s", t))


class Items(BaseOperator):
    """The list that a mapped step goes over."""

    template_fields = ()

    def __init__(self, *, source, **others):
        super().__init__(**others)
        self.source = source

    def execute(self, context):
        found = Run(context).value(self.source)
        return json.loads(found) if isinstance(found, str) else found


class Watcher(BaseOperator):
    """Fails the run when a step has failed, whatever ran after it."""

    def execute(self, context):
        raise AirflowFailException("a step failed")


class Run:
    """What a step sees of the others of its run."""

    def __init__(self, context, item=None):
        self.ti, self.context, self.item = context["ti"], context, item

    def value(self, source):
        kind, *rest = source
        match kind:
            case "constant":
                return rest[0]
            case "parameter":
                return self.context["params"][rest[0]]
            case "run":
                return self.ti.run_id
            case "item":
                return self.item[rest[0]] if rest[0] else self.item
            case "output":
                return self.given(rest[0])[rest[1]]
            case "outputs":
                return [self.given(task)[rest[1]] for task in rest[0]]
            case "collected":
                rounds = self.rounds(rest[0], rest[2])
                return [given[rest[1]] for given in rounds if rest[1] in given]

    def given(self, task):
        given = self.pulled(task)
        if given is None:
            raise AirflowSkipException(f"it needs {task}")
        return given

    def pulled(self, task, index=-1, key="return_value"):
        dag = ELSEWHERE.get(task)
        return self.ti.xcom_pull(task_ids=task, dag_id=dag, key=key, map_indexes=index)

    def rounds(self, task, count):
        if isinstance(count, str):
            count = len(self.pulled(count) or [])
        if not count:
            return []
        found = [self.pulled(task, i) for i in range(count)]
        if None in found:
            raise AirflowSkipException(f"it needs {task}")
        return found

    def states(self, tasks):
        run, dags = self.ti.run_id, {}
        for task in tasks:
            dags.setdefault(ELSEWHERE.get(task, self.ti.dag_id), []).append(task)
        told = [self.ti.get_task_states(d, task_ids=ids, run_ids=[run]) for d, ids in dags.items()]
        return {task: state for one in told for task, state in one.get(run, {}).items()}

    def is_so(self, kind, wanted, tasks):
        """Whether a task has ended so, or (kind `workflow`) all of some."""
        if kind == "workflow":
            failed = FAILED & set(self.states(tasks).values())
            return {"failed": bool(failed), "succeeded": not failed}.get(wanted, True)
        if wanted == "finished":
            return True
        task, states = tasks, self.states([tasks])
        kinds = set(states.values())
        match wanted:
            case "succeeded":
                return not kinds - DONE or states == {task: "skipped"} and self.is_empty(task)
            case "failed":
                return bool(kinds & FAILED)
            case "skipped":
                return kinds == {"skipped"}
            case "passed":
                return not kinds - DONE or "skipped" in kinds and not kinds & FAILED and (
                    self.is_empty(task) or self.was_held_back(task, states))  # fmt: skip
        return True

    def is_empty(self, task):
        """Whether a mapped step had no items."""
        items = self.pulled(f"{task}_items")
        return items is not None and not items

    def was_held_back(self, task, states):
        marks = [-1] if task in states else range(len(states))
        return any(self.pulled(task, i, "held_back") for i in marks)

    def folder(self, task):
        safe = re.sub(r"[^\w.-]", "_", self.ti.run_id)
        return Path(FILES or tempfile.gettempdir(), f"airflow-{self.ti.dag_id}", safe, task)



# Steps that are pods.
import base64
import shlex

from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator


def literal(text):
    """For Kubernetes, which fills in `$(NAME)`."""
    return text.replace("$", "$$")


class PodStep(Step, KubernetesPodOperator):
    """Runs a program in a pod, and reads what it gives from the last line of the pod's log.

    pod: the template of its pod, to which its command and its environment are added.
    """

    MARK = "sqlml-outputs:"
    SCRIPT = "/tmp/sqlml-script"
    SHELL = """\
if [ -n "${SQLML_SCRIPT+x}" ]; then printf %s "$SQLML_SCRIPT" > /tmp/sqlml-script; fi
unset SQLML_SCRIPT
{ "$@"; echo $? > /tmp/sqlml-code; } | tee /tmp/sqlml-printed
read -r code < /tmp/sqlml-code
[ "$code" = 0 ] || exit "$code"
"""

    def __init__(self, *, pod, **others):
        super().__init__(pod_template_dict=pod, log_pod_spec_on_failure=False, **others)

    def execute(self, context):
        given = super().execute(context)
        context["ti"].xcom_push(key="return_value", value=given)

    def once(self, run, values):
        command, arguments, env = self.program(values)
        self.cmds, self.arguments = [*map(literal, command)], [*map(literal, arguments)]
        self.env_vars = {name: literal(value) for name, value in env.items()}
        self.pod = self.pod_request_obj = self.remote_pod = None
        self.said = ""
        try:
            KubernetesPodOperator.execute(self, run.context)
        except AirflowException as error:
            raise Failed(f"{self.said}\n{error}") from None
        return self.given()

    def program(self, values):
        """The command, its arguments, and the environment."""
        program, outputs = self.step["program"], self.step["outputs"]
        words = [text(part, values) for part in program["command"]]
        env = {name: text(part, values) for name, part in self.step["env"].items()
               if not isinstance(part, dict)}  # fmt: skip
        if "script" in program:
            words.insert(program["interpreter"], self.SCRIPT)
            env["SQLML_SCRIPT"] = program["script"]
        elif not outputs:
            command = program["entry"]
            return words[:command], words[command:], env
        shell = [self.SHELL]
        for told in outputs.values():
            if told["kind"] == "parameter":
                path = shlex.quote(told["path"] or "/tmp/sqlml-printed")
                lacks = f"[ ! -e {path} ] && echo - > /tmp/sqlml-output ||" if "may_lack" in told else ""
                shell.append(f"{lacks} base64 < {path} > /tmp/sqlml-output || exit 1\n"
                             f"printf '\\n%s ' '{self.MARK}'; tr -d '\\n' < /tmp/sqlml-output")
        return ["sh", "-c", "\n".join([*shell, "echo"]), "sh"], words, env

    def given(self):
        """The outputs, by name: each is a line of the log, in their order."""
        told = {name: one for name, one in self.step["outputs"].items() if one["kind"] == "parameter"}
        lines = [line for line in self.said.split("\n") if line.startswith(self.MARK)]
        if len(lines) < len(told):
            raise Failed("the pod's log does not tell all outputs")
        found = zip(told.items(), lines[len(lines) - len(told) :])
        said = {name: (one, line.removeprefix(self.MARK)) for (name, one), line in found}
        return {name: self.read(*one) for name, one in said.items() if one[1].strip() != "-"}

    def read(self, told, line):
        found = base64.b64decode(line).decode()
        return typed(found if told["path"] else found.removesuffix("\n"), told["type"])

    def post_complete_action(self, *, remote_pod, **others):
        """Before the pod is deleted: keep what it has said, and how it ended."""
        if remote_pod is not None:
            self.said = self.ending(remote_pod)
        super().post_complete_action(remote_pod=remote_pod, **others)

    def ending(self, pod):
        try:
            answer = self.client.read_namespaced_pod_log(
                pod.metadata.name, pod.metadata.namespace, container="base", tail_lines=100,
                _preload_content=False)  # fmt: skip
            said = answer.data.decode("utf-8", "replace")
        except Exception as error:
            said = f"its log cannot be read: {error}"
        for status in pod.status.container_statuses or ():
            ended = status.state.terminated
            if status.name == "base" and ended is not None and ended.exit_code:
                said = f"{said[-4000:]}\n{ended.reason}\nexit code {ended.exit_code}"
        return said


FILES = ''
ELSEWHERE = {}

with DAG('sql-and-python', catchup=False, schedule=None, params={'store': Param('s3://bucket/flow', type='string', description='URL of the artifact store')}, dagrun_timeout=timedelta(seconds=3600)) as dag:

    step_query = PodStep(
        task_id='query',
        trigger_rule='all_success',
        retries=0,
        namespace='default',
        pod={'spec': {'containers': [{'name': 'base', 'image': 'sqlml:latest'}]}},
        step={'name': 'query',
         'program': {'command': ['sqlml',
                                 'step',
                                 '--store',
                                 [{'take': 'store'}],
                                 '--run',
                                 [{'take': 'run'}],
                                 [{'take': 'step'}]],
                     'entry': 2},
         'inputs': {'run': ['run'],
                    'step': ['constant',
                             '{"node":{"name":"query","operation":{"kind":"query","sql":"CREATE OR '
                             'REPLACE TABLE points AS SELECT range AS x, range % 7 AS y FROM '
                             'range(200)","writes":["points"],"repeatable":true},"outputs":[{"name":"table","kind":"table","target":"points"}],"place":{"file":"examples/workflows/sql_and_python.py","line":17,"column":13}}}'],
                    'store': ['parameter', 'store']},
         'outputs': {},
         'env': {},
         'files': {},
         'needs': {}},
    )

    step_train = PodStep(
        task_id='train',
        trigger_rule='all_success',
        retries=0,
        namespace='default',
        pod={'spec': {'containers': [{'name': 'base', 'image': 'sqlml:latest'}]}},
        step={'name': 'train',
         'program': {'command': ['sqlml',
                                 'step',
                                 '--store',
                                 [{'take': 'store'}],
                                 '--run',
                                 [{'take': 'run'}],
                                 [{'take': 'step'}]],
                     'entry': 2},
         'inputs': {'run': ['run'],
                    'step': ['constant',
                             '{"node":{"name":"train","operation":{"kind":"train","estimator":"sklearn.tree.DecisionTreeRegressor","parameters":{"max_depth":1},"settings":{},"features":{"":[{"function":"NUMERIC","column":{"column":"x","type":"BIGINT"}}]},"label":["y"],"into":"tree_1","statement":"SELECT '
                             '* FROM points TO TRAIN sklearn.tree.DecisionTreeRegressor WITH '
                             'model.max_depth = 1 LABEL y INTO '
                             'tree_1"},"inputs":{"rows":{"kind":"rows","sql":"SELECT * FROM '
                             'points","reads":["points"],"stable":true}},"outputs":[{"name":"model","kind":"model","target":"tree_1"}],"place":{"file":"examples/workflows/sql_and_python.py","line":22,"column":16}}}'],
                    'store': ['parameter', 'store']},
         'outputs': {},
         'env': {},
         'files': {},
         'needs': {'query': 'succeeded'}},
    )

    step_evaluate = PodStep(
        task_id='evaluate',
        trigger_rule='all_success',
        retries=0,
        namespace='default',
        pod={'spec': {'containers': [{'name': 'base', 'image': 'sqlml:latest'}]}},
        step={'name': 'evaluate',
         'program': {'command': ['sqlml',
                                 'step',
                                 '--store',
                                 [{'take': 'store'}],
                                 '--run',
                                 [{'take': 'run'}],
                                 '--outputs',
                                 'outputs',
                                 [{'take': 'step'}]],
                     'entry': 2},
         'inputs': {'run': ['run'],
                    'step': ['constant',
                             '{"node":{"name":"evaluate","operation":{"kind":"evaluate","metrics":[],"label":["y"]},"inputs":{"rows":{"kind":"rows","sql":"SELECT '
                             '* FROM '
                             'points","reads":["points"],"stable":true},"model":{"kind":"output","node":"train","name":"model"}},"outputs":[{"name":"rows","kind":"dataset"},{"name":"r2","kind":"parameter","type":"float"}],"place":{"file":"examples/workflows/sql_and_python.py","line":29,"column":23}}}'],
                    'store': ['parameter', 'store']},
         'outputs': {'r2': {'kind': 'parameter', 'path': 'outputs/r2', 'type': 'float'}},
         'env': {},
         'files': {},
         'needs': {'query': 'succeeded', 'train': 'succeeded'}},
    )

    step_train_2 = PodStep(
        task_id='train-2',
        trigger_rule='all_success',
        retries=0,
        namespace='default',
        pod={'spec': {'containers': [{'name': 'base', 'image': 'sqlml:latest'}]}},
        step={'name': 'train-2',
         'program': {'command': ['sqlml',
                                 'step',
                                 '--store',
                                 [{'take': 'store'}],
                                 '--run',
                                 [{'take': 'run'}],
                                 [{'take': 'step'}]],
                     'entry': 2},
         'inputs': {'run': ['run'],
                    'step': ['constant',
                             '{"node":{"name":"train-2","operation":{"kind":"train","estimator":"sklearn.tree.DecisionTreeRegressor","parameters":{"max_depth":6},"settings":{},"features":{"":[{"function":"NUMERIC","column":{"column":"x","type":"BIGINT"}}]},"label":["y"],"into":"tree_6","statement":"SELECT '
                             '* FROM points TO TRAIN sklearn.tree.DecisionTreeRegressor WITH '
                             'model.max_depth = 6 LABEL y INTO '
                             'tree_6"},"inputs":{"rows":{"kind":"rows","sql":"SELECT * FROM '
                             'points","reads":["points"],"stable":true}},"outputs":[{"name":"model","kind":"model","target":"tree_6"}],"place":{"file":"examples/workflows/sql_and_python.py","line":22,"column":16}}}'],
                    'store': ['parameter', 'store']},
         'outputs': {},
         'env': {},
         'files': {},
         'needs': {'query': 'succeeded'}},
    )

    step_evaluate_2 = PodStep(
        task_id='evaluate-2',
        trigger_rule='all_success',
        retries=0,
        namespace='default',
        pod={'spec': {'containers': [{'name': 'base', 'image': 'sqlml:latest'}]}},
        step={'name': 'evaluate-2',
         'program': {'command': ['sqlml',
                                 'step',
                                 '--store',
                                 [{'take': 'store'}],
                                 '--run',
                                 [{'take': 'run'}],
                                 '--outputs',
                                 'outputs',
                                 [{'take': 'step'}]],
                     'entry': 2},
         'inputs': {'run': ['run'],
                    'step': ['constant',
                             '{"node":{"name":"evaluate-2","operation":{"kind":"evaluate","metrics":[],"label":["y"]},"inputs":{"rows":{"kind":"rows","sql":"SELECT '
                             '* FROM '
                             'points","reads":["points"],"stable":true},"model":{"kind":"output","node":"train-2","name":"model"}},"outputs":[{"name":"rows","kind":"dataset"},{"name":"r2","kind":"parameter","type":"float"}],"place":{"file":"examples/workflows/sql_and_python.py","line":29,"column":23}}}'],
                    'store': ['parameter', 'store']},
         'outputs': {'r2': {'kind': 'parameter', 'path': 'outputs/r2', 'type': 'float'}},
         'env': {},
         'files': {},
         'needs': {'query': 'succeeded', 'train-2': 'succeeded'}},
    )

    step_as_list = PodStep(
        task_id='as-list',
        trigger_rule='all_success',
        retries=0,
        namespace='default',
        pod={'spec': {'containers': [{'name': 'base', 'image': 'sqlml:latest'}]}},
        step={'name': 'as-list',
         'program': {'command': ['python'],
                     'script': 'from __future__ import annotations\n'
                               '\n'
                               'import json\n'
                               'import os\n'
                               'import sys\n'
                               'from contextlib import redirect_stdout\n'
                               '\n'
                               '\n'
                               'def as_list(one: float, other: float) -> list[float]:\n'
                               '    return [one, other]\n'
                               '\n'
                               '\n'
                               'with redirect_stdout(sys.stderr):\n'
                               '    result = as_list(json.loads(os.environ["ARGUMENT_0"]), '
                               'json.loads(os.environ["ARGUMENT_1"]))\n'
                               'print(json.dumps(result))\n',
                     'interpreter': 1},
         'inputs': {'one': ['output', 'evaluate', 'r2'], 'other': ['output', 'evaluate-2', 'r2']},
         'outputs': {'result': {'kind': 'parameter', 'path': '', 'type': 'json'}},
         'env': {'ARGUMENT_0': [{'take': 'one'}], 'ARGUMENT_1': [{'take': 'other'}]},
         'files': {},
         'needs': {'evaluate': 'succeeded', 'evaluate-2': 'succeeded'}},
    )

    step_best = PodStep(
        task_id='best',
        trigger_rule='all_success',
        retries=2,
        retry_delay=timedelta(seconds=1),
        retry_exponential_backoff=2,
        execution_timeout=timedelta(seconds=60),
        namespace='default',
        pod={'spec': {'containers': [{'name': 'base', 'image': 'sqlml:latest'}]}},
        step={'name': 'best',
         'program': {'command': ['python'],
                     'script': 'from __future__ import annotations\n'
                               '\n'
                               'import json\n'
                               'import os\n'
                               'import sys\n'
                               'from contextlib import redirect_stdout\n'
                               '\n'
                               '\n'
                               'def best(scores: list[float]) -> int:\n'
                               '    return max(range(len(scores)), key=lambda number: '
                               'scores[number]) + 1\n'
                               '\n'
                               '\n'
                               'with redirect_stdout(sys.stderr):\n'
                               '    result = best(json.loads(os.environ["ARGUMENT_0"]))\n'
                               'print(json.dumps(result))\n',
                     'interpreter': 1},
         'inputs': {'scores': ['output', 'as-list', 'result']},
         'outputs': {'result': {'kind': 'parameter', 'path': '', 'type': 'int'}},
         'env': {'ARGUMENT_0': [{'take': 'scores'}]},
         'files': {},
         'needs': {'as-list': 'succeeded'},
         'transient': ['(?is)\\A(?!.*(?:request (entity )?(is )?too large|etcdserver: request is '
                       'too large|\\b(http|status|error|code)\\D{0,10}413\\b|manifest '
                       'unknown|manifest for \\S+ not found|repository does not exist|pull access '
                       'denied|InvalidImageName|unauthorized: authentication required|exec format '
                       'error|exit code 12[67]\\b|executable file not '
                       'found|\\b(http|status|error|code)\\D{0,10}(400|401|403|404|405|422)\\b|is '
                       'forbidden: |AccessDenied|invalid credentials))']},
    )

    step_script = PodStep(
        task_id='script',
        trigger_rule='all_success',
        retries=0,
        namespace='default',
        pod={'spec': {'containers': [{'name': 'base', 'image': 'sqlml:latest'}]}},
        step={'name': 'script',
         'program': {'command': ['sh', [{'take': 'arg-1'}]],
                     'script': 'echo tree number $1',
                     'interpreter': 1},
         'inputs': {'arg-1': ['output', 'best', 'result']},
         'outputs': {'result': {'kind': 'parameter', 'path': '', 'type': 'text'}},
         'env': {},
         'files': {},
         'needs': {'best': 'succeeded'}},
    )

    step_container = PodStep(
        task_id='container',
        trigger_rule='all_success',
        retries=0,
        namespace='default',
        pod={'spec': {'containers': [{'name': 'base', 'image': 'busybox'}]}},
        step={'name': 'container',
         'program': {'command': ['echo', 'done after', [{'take': 'arg-2'}]], 'entry': 1},
         'inputs': {'arg-2': ['output', 'script', 'result']},
         'outputs': {'result': {'kind': 'parameter', 'path': '', 'type': 'text'}},
         'env': {},
         'files': {},
         'needs': {'script': 'succeeded'}},
    )

    step_query_2 = PodStep(
        task_id='query-2',
        trigger_rule='all_done',
        retries=0,
        namespace='default',
        pod={'spec': {'containers': [{'name': 'base', 'image': 'sqlml:latest'}]}},
        step={'name': 'query-2',
         'program': {'command': ['sqlml',
                                 'step',
                                 '--store',
                                 [{'take': 'store'}],
                                 '--run',
                                 [{'take': 'run'}],
                                 [{'take': 'step'}]],
                     'entry': 2},
         'inputs': {'run': ['run'],
                    'step': ['constant',
                             '{"node":{"name":"query-2","operation":{"kind":"query","sql":"DROP '
                             'TABLE '
                             'points","writes":["points"]},"place":{"file":"examples/workflows/sql_and_python.py","line":32,"column":64}}}'],
                    'store': ['parameter', 'store']},
         'outputs': {},
         'env': {},
         'files': {},
         'needs': {'train': 'succeeded',
                   'evaluate': 'succeeded',
                   'train-2': 'succeeded',
                   'evaluate-2': 'succeeded',
                   'container': 'passed'}},
    )
    watcher = Watcher(task_id='watcher', trigger_rule='one_failed', retries=0)

    step_query >> step_train
    [step_query, step_train] >> step_evaluate
    step_query >> step_train_2
    [step_query, step_train_2] >> step_evaluate_2
    [step_evaluate, step_evaluate_2] >> step_as_list
    step_as_list >> step_best
    step_best >> step_script
    step_script >> step_container
    [step_train, step_evaluate, step_train_2, step_evaluate_2, step_container] >> step_query_2
    [step_query, step_train, step_evaluate, step_train_2, step_evaluate_2, step_as_list, step_best, step_script, step_container, step_query_2] >> watcher
