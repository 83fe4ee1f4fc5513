"""for-each: written by sqlml; change the program, not this file."""

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

with DAG('for-each', catchup=False, schedule=None) as dag:

    step_cities = PodStep(
        task_id='cities',
        trigger_rule='all_success',
        retries=0,
        namespace='default',
        pod={'spec': {'containers': [{'name': 'base', 'image': 'sqlml:latest'}]}},
        step={'name': 'cities',
         'program': {'command': ['python'],
                     'script': 'from __future__ import annotations\n'
                               '\n'
                               'import json\n'
                               'import os\n'
                               'import sys\n'
                               'from contextlib import redirect_stdout\n'
                               '\n'
                               '\n'
                               'def cities() -> list[dict]:\n'
                               '    return [{"name": "Lima", "people": 10}, {"name": "Oslo", '
                               '"people": 1}]\n'
                               '\n'
                               '\n'
                               'with redirect_stdout(sys.stderr):\n'
                               '    result = cities()\n'
                               'print(json.dumps(result))\n',
                     'interpreter': 1},
         'inputs': {},
         'outputs': {'result': {'kind': 'parameter', 'path': '', 'type': 'json'}},
         'env': {},
         'files': {},
         'needs': {}},
    )

    step_for_each_items = Items(task_id='for-each_items', source=['output', 'cities', 'result'])
    step_for_each = PodStep.partial(
        task_id='for-each',
        trigger_rule='all_success',
        retries=0,
        retry_delay=timedelta(seconds=1),
        retry_exponential_backoff=2,
        max_active_tis_per_dagrun=2,
        namespace='default',
        pod={'spec': {'containers': [{'name': 'base', 'image': 'sqlml:latest'}]}},
        step={'name': 'for-each',
         'program': {'command': ['python3', [{'take': 'item-people'}], [{'take': 'item-name'}]],
                     'script': 'import json\n'
                               'import os\n'
                               'import re\n'
                               'import shutil\n'
                               'import subprocess\n'
                               'import sys\n'
                               'import tempfile\n'
                               'import time\n'
                               'import urllib.request\n'
                               'from pathlib import Path\n'
                               '\n'
                               'class Failed(Exception):\n'
                               '    """A program that ended badly; what it said last."""\n'
                               '\n'
                               '\n'
                               'def run_program(step, values, secret, file, keep, log):\n'
                               '    """Run what a step does; its outputs by name.\n'
                               '\n'
                               "    values: its inputs. secret: the value of a secret's key. file: "
                               "the path of another step's\n"
                               '    output. keep: puts an output that is a file where it lasts. '
                               'log: is given what is printed.\n'
                               '    """\n'
                               '    program = step["program"]\n'
                               '    if "wait" in program:\n'
                               '        pause = min(program["wait"], step.get("timeout", '
                               'program["wait"]))\n'
                               '        time.sleep(pause)\n'
                               '        if pause < program["wait"]:\n'
                               '            raise Failed("its time is over")\n'
                               '        return {}\n'
                               '    if "http" in program:\n'
                               '        return ask(program, values)\n'
                               '    with tempfile.TemporaryDirectory(prefix="step-") as folder:\n'
                               '        command = [text(part, values) for part in '
                               'program["command"]]\n'
                               '        if "script" in program:\n'
                               '            source = Path(folder, ".source")\n'
                               '            source.write_text(program["script"], "utf-8")\n'
                               '            command.insert(program["interpreter"], str(source))\n'
                               '            if command[0] in ("python", "python3"):\n'
                               '                command[0] = sys.executable\n'
                               '        env = {name: secret(*part["secret"]) if isinstance(part, '
                               'dict) else text(part, values)\n'
                               '               for name, part in step["env"].items()}  # fmt: '
                               'skip\n'
                               '        place = program.get("folder") or folder\n'
                               '        for path, source in step["files"].items():\n'
                               '            target = Path(place, path)\n'
                               '            target.parent.mkdir(parents=True, exist_ok=True)\n'
                               '            shutil.copy(file(*source), target)\n'
                               '        done = subprocess.run(command, cwd=place, '
                               'env={**os.environ, **env}, encoding="utf-8",\n'
                               '                              stdout=subprocess.PIPE, '
                               'stderr=subprocess.PIPE,\n'
                               '                              timeout=step.get("timeout"))  # fmt: '
                               'skip\n'
                               '        log(done.stdout)\n'
                               '        log(done.stderr)\n'
                               '        if done.returncode:\n'
                               '            raise Failed(f"{done.stderr[-4000:]}\\nexit code '
                               '{done.returncode}")\n'
                               '        return {name: output(name, told, Path(place), done.stdout, '
                               'keep)\n'
                               '                for name, told in step["outputs"].items()\n'
                               '                if not told.get("may_lack") or Path(place, '
                               'told["path"]).exists()}  # fmt: skip\n'
                               '\n'
                               '\n'
                               'def output(name, told, place, printed, keep):\n'
                               '    if told["kind"] == "artifact":\n'
                               '        return keep(name, place / told["path"])\n'
                               '    found = (place / told["path"]).read_text("utf-8") if '
                               'told["path"] else printed\n'
                               '    return typed(found if told["path"] else '
                               'found.removesuffix("\\n"), told["type"])\n'
                               '\n'
                               '\n'
                               'def ask(program, values):\n'
                               '    asked = {name: text(part, values) for name, part in '
                               'program["http"].items()}\n'
                               '    headers = {name: text(part, values) for name, part in '
                               'program["headers"].items()}\n'
                               '    request = urllib.request.Request(asked["url"], '
                               'asked["body"].encode() or None, headers,\n'
                               '                                     method=asked["method"])  # '
                               'fmt: skip\n'
                               '    try:\n'
                               '        with urllib.request.urlopen(request, '
                               'timeout=program["timeout"]) as answer:\n'
                               '            return {"result": answer.read().decode()}\n'
                               '    except OSError as error:  # no answer, or one that says no\n'
                               '        raise Failed(f"{asked[\'url\']}: {error}") from None\n'
                               '\n'
                               '\n'
                               'def holds(condition, value, is_so):\n'
                               '    """Whether a condition holds. value: an operand\'s. is_so: '
                               'whether a task ended so."""\n'
                               '    kind, *rest = condition\n'
                               '    match kind:\n'
                               '        case "all":\n'
                               '            return all(holds(term, value, is_so) for term in '
                               'rest)\n'
                               '        case "any":\n'
                               '            return any(holds(term, value, is_so) for term in '
                               'rest)\n'
                               '        case "not":\n'
                               '            return not holds(rest[0], value, is_so)\n'
                               '        case "status" | "workflow":\n'
                               '            return is_so(kind, *rest)\n'
                               '    return compare(value(rest[0]), kind, value(rest[1]))\n'
                               '\n'
                               '\n'
                               'def compare(left, comparator, right):\n'
                               '    try:\n'
                               '        sides = float(left), float(right)\n'
                               '    except (TypeError, ValueError):\n'
                               '        sides = written(left), written(right)\n'
                               '        if comparator not in ("==", "!="):\n'
                               '            raise Failed(f"{sides[0]!r} and {sides[1]!r} have no '
                               'order") from None\n'
                               '    return {"==": sides[0] == sides[1], "!=": sides[0] != '
                               'sides[1], "<": sides[0] < sides[1],\n'
                               '            "<=": sides[0] <= sides[1], ">": sides[0] > sides[1],\n'
                               '            ">=": sides[0] >= sides[1]}[comparator]  # fmt: skip\n'
                               '\n'
                               '\n'
                               'def repeated(step, values, once, value, is_so):\n'
                               '    """Run a program, and again while the step\'s own condition '
                               'holds; the last outputs."""\n'
                               '    given, rounds = once(values), 1\n'
                               '    while step.get("repeat"):\n'
                               '        def own(side, given=given):\n'
                               '            return given[side[2]] if side[:2] == ["output", '
                               'step["name"]] else value(side)\n'
                               '\n'
                               '        if not holds(step["repeat"]["condition"], own, is_so):\n'
                               '            break\n'
                               '        if rounds == step["repeat"]["limit"]:\n'
                               '            raise Failed(f"the condition still holds after '
                               '{rounds} rounds")\n'
                               '        given, rounds = once(values), rounds + 1\n'
                               '    return given\n'
                               '\n'
                               '\n'
                               'def text(part, values):\n'
                               '    """A text made of pieces and values; values are JSON unless '
                               'they are text already."""\n'
                               '    pieces = part if isinstance(part, list) else [part]\n'
                               '    return "".join(written(values[p["take"]]) if isinstance(p, '
                               'dict) else p for p in pieces)\n'
                               '\n'
                               '\n'
                               'def written(value):\n'
                               '    if isinstance(value, str):\n'
                               '        return value\n'
                               '    return json.dumps(value, ensure_ascii=False, separators=(",", '
                               '":"))\n'
                               '\n'
                               '\n'
                               'def typed(found, kind):\n'
                               '    match kind:\n'
                               '        case "int":\n'
                               '            return int(found)\n'
                               '        case "float":\n'
                               '            return float(found)\n'
                               '        case "bool":\n'
                               '            return found.strip().lower() in ("true", "1", "yes")\n'
                               '        case "json":\n'
                               '            return json.loads(found)\n'
                               '    return found\n'
                               '\n'
                               '\n'
                               '# A step that reads how earlier steps ended and what they gave, '
                               'and leaves itself out.\n'
                               'import concurrent.futures\n'
                               'import traceback\n'
                               '\n'
                               '\n'
                               'class Skipped(Exception):\n'
                               '    """The step is left out; whether its own condition, and '
                               'nothing else, is why."""\n'
                               '\n'
                               '\n'
                               'def ended(step, given, earlier):\n'
                               '    """How a step ended, and its outputs, for the steps after '
                               'it."""\n'
                               '    try:\n'
                               '        return {"state": "succeeded", "values": run(step, given, '
                               'earlier)}\n'
                               '    except Skipped as left:\n'
                               '        print("left out:", left)\n'
                               '        return {"state": str(left), "values": {}}\n'
                               '    except Exception as error:\n'
                               '        told = str(error).rpartition("\\n")[2]  # the program\'s '
                               'own words are in the log already\n'
                               '        print(told if isinstance(error, Failed) else '
                               'traceback.format_exc(), file=sys.stderr)\n'
                               '        return {"state": "failed", "values": {}}\n'
                               '\n'
                               '\n'
                               'def run(step, given, earlier):\n'
                               '    def state(task):\n'
                               '        return earlier.get(task, {"state": "failed"})["state"]\n'
                               '\n'
                               '    def is_so(kind, wanted, tasks):\n'
                               '        if kind == "workflow":\n'
                               '            return given["status"]["state"].lower() == wanted or '
                               'wanted == "finished"\n'
                               '        return {\n'
                               '            "passed": state(tasks) in ("succeeded", "held back"),\n'
                               '            "skipped": state(tasks) in ("skipped", "held back"),\n'
                               '            "finished": True,\n'
                               '        }.get(wanted, state(tasks) == wanted)\n'
                               '\n'
                               '    def value(source, item=None):\n'
                               '        kind, *rest = source\n'
                               '        match kind:\n'
                               '            case "constant":\n'
                               '                return rest[0]\n'
                               '            case "parameter":\n'
                               '                return given[f"parameter--{rest[0]}"]\n'
                               '            case "run":\n'
                               '                return given["run"]\n'
                               '            case "item":\n'
                               '                return item[rest[0]] if rest[0] else item\n'
                               '            case "output":\n'
                               '                return earlier[rest[0]]["values"][rest[1]]\n'
                               '            case "outputs":\n'
                               '                return [earlier[task]["values"][rest[1]] for task '
                               'in rest[0]]\n'
                               '\n'
                               '    for task, wanted in step["needs"]:\n'
                               '        if not is_so("status", wanted, task):\n'
                               '            raise Skipped("skipped")\n'
                               '    if "watches" in step:\n'
                               '        if any(state(task) == "failed" for task in '
                               'step["watches"]):\n'
                               '            raise Failed("a step failed")\n'
                               '        return {}\n'
                               '\n'
                               '    def is_held_back(item):\n'
                               '        of_item = lambda source: value(source, item)  # noqa: '
                               'E731\n'
                               '        return "guard" in step and not holds(step["guard"], '
                               'of_item, is_so)\n'
                               '\n'
                               '    def one(item):\n'
                               '        values = {name: value(source, item) for name, source in '
                               'step["inputs"].items()}\n'
                               '        of_item = lambda source: value(source, item)  # noqa: '
                               'E731\n'
                               '        return repeated(step, values, lambda v: attempts(step, v), '
                               'of_item, is_so)\n'
                               '\n'
                               '    if not step.get("asks_items") and is_held_back(None):\n'
                               '        raise Skipped("held back")\n'
                               '    if "items" not in step:\n'
                               '        return one(None)\n'
                               '    items = value(step["items"])\n'
                               '    items = json.loads(items) if isinstance(items, str) else '
                               'items\n'
                               '    if step["asks_items"]:\n'
                               '        items = [item for item in items if not '
                               'is_held_back(item)]\n'
                               '    with concurrent.futures.ThreadPoolExecutor(step["parallelism"] '
                               'or len(items) or 1) as pool:\n'
                               '        rounds = list(pool.map(one, items))\n'
                               '    return {name: [given[name] for given in rounds if name in '
                               'given] for name in step["outputs"]}\n'
                               '\n'
                               '\n'
                               'def attempts(step, values):\n'
                               '    """Run the program, and again after failures as the step\'s '
                               'retries say."""\n'
                               '    retry = step.get("retry", {"limit": 0})\n'
                               '    pause = retry.get("seconds", 0)\n'
                               '    for attempt in range(retry["limit"] + 1):\n'
                               '        timed = in_time(step)\n'
                               '        try:\n'
                               '            return run_program(timed, values, lambda *key: '
                               'os.environ["_".join(key)], None, None, print)\n'
                               '        except (Failed, subprocess.TimeoutExpired) as failed:\n'
                               '            known = any(re.search(p, str(failed)) for p in '
                               'retry.get("transient", []))\n'
                               '            if attempt == retry["limit"] or not known:\n'
                               '                raise Failed(str(failed)) from None\n'
                               '            time.sleep(min(pause, retry["longest"] or pause))\n'
                               '            pause *= retry["factor"]\n'
                               '\n'
                               '\n'
                               'def in_time(step):\n'
                               '    """The step, with no more seconds than the workflow has until '
                               'its deadline."""\n'
                               '    if step.get("deadline") is None:\n'
                               '        return step\n'
                               '    left = step["deadline"] - time.time()\n'
                               '    if left <= 0:\n'
                               '        raise Failed("the workflow\'s time is over")\n'
                               '    return {**step, "timeout": min(left, step.get("timeout", '
                               'left))}\n'
                               '\n'
                               '\n'
                               '# The steps of a called workflow, one after the other: python THIS '
                               'VALUE…; it gives files.\n'
                               'def run_group(group, texts):\n'
                               '    """Its outputs. texts: what it takes, in the order of '
                               '`takes`."""\n'
                               '    given = {key: typed(text, kind) for (key, kind), text in '
                               'zip(group["takes"], texts)}\n'
                               '    deadline = time.time() + group["timeout"] if "timeout" in '
                               'group else None\n'
                               '    earlier = {}\n'
                               '    for step in group["steps"]:\n'
                               '        earlier[step["name"]] = ended(step | {"deadline": '
                               'deadline}, given, earlier)\n'
                               '    if failed := [name for name, one in earlier.items() if '
                               'one["state"] == "failed"]:\n'
                               '        raise Failed(f"of its steps failed: {\', '
                               '\'.join(failed)}")\n'
                               '    found = {name: earlier[step]["values"] for name, (step, _) in '
                               'group["outputs"].items()}\n'
                               '    return {name: found[name][output] for name, (_, output) in '
                               'group["outputs"].items()\n'
                               '            if output in found[name]}  # fmt: skip\n'
                               '\n'
                               '\n'
                               'def main(group, folder, texts):\n'
                               '    sys.stdout = sys.stderr  # where the reason of a failure is '
                               'looked for\n'
                               '    try:\n'
                               '        outputs = run_group(group, texts)\n'
                               '    except Failed as failed:\n'
                               '        sys.exit(str(failed))\n'
                               '    Path(folder).mkdir(exist_ok=True)\n'
                               '    for name, value in outputs.items():\n'
                               '        Path(folder, name).write_text(written(value), "utf-8")\n'
                               '\n'
                               '\n'
                               'main(json.loads(\'{"takes":[["parameter--item-people","text"],["parameter--item-name","text"]],"steps":[{"name":"double","program":{"command":["python"],"script":"from '
                               '__future__ import annotations\\\\n\\\\nimport json\\\\nimport '
                               'os\\\\nimport sys\\\\nfrom contextlib import '
                               'redirect_stdout\\\\n\\\\n\\\\ndef double(people: int) -> '
                               'int:\\\\n    return 2 * people\\\\n\\\\n\\\\nwith '
                               'redirect_stdout(sys.stderr):\\\\n    result = '
                               'double(json.loads(os.environ[\\\\"ARGUMENT_0\\\\"]))\\\\nprint(json.dumps(result))\\\\n","interpreter":1},"inputs":{"people":["parameter","item-people"]},"outputs":{"result":{"kind":"parameter","path":"","type":"int"}},"env":{"ARGUMENT_0":[{"take":"people"}]},"files":{},"needs":[]},{"name":"describe","program":{"command":["python"],"script":"from '
                               '__future__ import annotations\\\\n\\\\nimport json\\\\nimport '
                               'os\\\\nimport sys\\\\nfrom contextlib import '
                               'redirect_stdout\\\\n\\\\n\\\\ndef describe(name: str, people: int) '
                               '-> str:\\\\n    return f\\\\"{name}: {people} '
                               'million\\\\"\\\\n\\\\n\\\\nwith '
                               'redirect_stdout(sys.stderr):\\\\n    result = '
                               'describe(os.environ[\\\\"ARGUMENT_0\\\\"], '
                               'json.loads(os.environ[\\\\"ARGUMENT_1\\\\"]))\\\\nprint(result)\\\\n","interpreter":1},"inputs":{"name":["parameter","item-name"],"people":["output","double","result"]},"outputs":{"result":{"kind":"parameter","path":"","type":"text"}},"env":{"ARGUMENT_0":[{"take":"name"}],"ARGUMENT_1":[{"take":"people"}]},"files":{},"needs":[["double","succeeded"]]}],"outputs":{"describe-result":["describe","result"]}}\'), '
                               "'outputs', sys.argv[1:])\n",
                     'interpreter': 1},
         'inputs': {'item-people': ['item', 'people'], 'item-name': ['item', 'name']},
         'outputs': {'describe-result': {'kind': 'parameter',
                                         'path': 'outputs/describe-result',
                                         'type': 'text',
                                         'may_lack': True}},
         'env': {},
         'files': {},
         'needs': {'cities': 'succeeded'},
         'transient': ['(?i)exceeded quota|quota[ -]?exceeded|insufficient quota',
                       '(?i)too many requests|\\b(http|status|error|code)\\D{0,10}429\\b|rate '
                       'limit(ed| exceeded)|throttl(ed|ing)',
                       '(?i)operation cannot be fulfilled on .* has been '
                       'modified|\\b(http|status|error|code)\\D{0,10}409\\b|\\b409 conflict',
                       '(?i)etcdserver: leader changed|etcdserver: no leader',
                       '(?i)etcdserver: request timed out',
                       '(?i)connection refused|ECONNREFUSED',
                       '(?i)TLS handshake timeout',
                       '(?i)\\bi/o timeout|connection timed out|read timed out|context deadline '
                       'exceeded',
                       '(?i)failed calling webhook',
                       '(?i)\\b(http|status|error|code)\\D{0,10}50[0234]\\b|bad gateway|service '
                       'unavailable|gateway time-?out|the server is currently unable to handle the '
                       'request',
                       '(?i)ImagePullBackOff|ErrImagePull|toomanyrequests: .*pull|received '
                       'unexpected HTTP status: 5\\d\\d[\\w ]*|registry.{0,60}\\b50[0234]\\b',
                       '(?i)FailedCreatePodSandBox',
                       '(?i)FailedMount|FailedAttachVolume|unable to attach or mount',
                       '(?i)FailedScheduling|\\d+/\\d+ nodes are available|Unschedulable',
                       '(?i)\\bevicted\\b|the node was low on resource',
                       '(?i)\\bpreempt(ed|ing|ion)\\b',
                       '(?i)NodeShutdown|node is shutting down|imminent node shutdown|terminated '
                       'in response to .*shutdown',
                       '(?i)NodeLost|node is not ready|NodeNotReady|node .*(was|is) lost|pod (was '
                       ')?deleted',
                       '(?i)OOMKilled|oom[-_ ]?kill|out of memory|MemoryError|cannot allocate '
                       'memory|lack of memory|bad_alloc|exit code 137\\b',
                       '(?i)exit code 75\\b',
                       '(?i)exit code 143\\b|SIGTERM',
                       '(?i)temporary failure in name resolution|name or service not known|no such '
                       'host|could not resolve host|getaddrinfo|EAI_AGAIN',
                       '(?i)\\bSlowDown\\b|reduce your request rate|\\b503 slow down',
                       '(?i)connection (was )?(reset|aborted)|broken '
                       'pipe|ECONNRESET|IncompleteRead|unexpected EOF|connection broken|remote end '
                       'closed connection',
                       '(?i)\\bNCCL\\b.*(error|timeout|failure|failed)|nccl\\w*error|\\bXid\\b|CUDA '
                       'error: (unspecified launch failure|an illegal instruction|device-side)|GPU '
                       '(has|is) (fallen off|lost)|uncorrectable ECC error',
                       '(?i)CUDA out of '
                       'memory|CUBLAS_STATUS_ALLOC_FAILED|cudaErrorMemoryAllocation',
                       '(?i)deadlock (detected|found)|was deadlocked',
                       '(?i)could not serialize access|serialization failure|write-write '
                       'conflict|Conflict on (update|tuple deletion)|TransactionContext Error: '
                       '.*conflict|restart transaction',
                       '(?i)server closed the connection|connection to server .* (was '
                       'lost|failed)|lost connection to .*server|server has gone away|terminating '
                       'connection|connection already closed|SSL connection has been closed',
                       '(?i)too many connections|too many clients|database is locked|lock wait '
                       'timeout']},
    ).expand(item=step_for_each_items.output)

    step_join = PodStep(
        task_id='join',
        trigger_rule='all_done',
        retries=0,
        namespace='default',
        pod={'spec': {'containers': [{'name': 'base', 'image': 'sqlml:latest'}]}},
        step={'name': 'join',
         'program': {'command': ['python'],
                     'script': 'from __future__ import annotations\n'
                               '\n'
                               'import json\n'
                               'import os\n'
                               'import sys\n'
                               'from contextlib import redirect_stdout\n'
                               '\n'
                               '\n'
                               'def join(lines: list[str]) -> str:\n'
                               '    return "; ".join(lines)\n'
                               '\n'
                               '\n'
                               'with redirect_stdout(sys.stderr):\n'
                               '    result = join(json.loads(os.environ["ARGUMENT_0"]))\n'
                               'print(result)\n',
                     'interpreter': 1},
         'inputs': {'lines': ['collected', 'for-each', 'describe-result', 'for-each_items']},
         'outputs': {'result': {'kind': 'parameter', 'path': '', 'type': 'text'}},
         'env': {'ARGUMENT_0': [{'take': 'lines'}]},
         'files': {},
         'needs': {'for-each': 'succeeded'}},
    )
    watcher = Watcher(task_id='watcher', trigger_rule='one_failed', retries=0)

    step_cities >> step_for_each_items
    step_cities >> step_for_each
    step_for_each >> step_join
    [step_cities, step_for_each, step_join] >> watcher
