"""CREATE JOB, SHOW JOBS, DROP JOB: programs that run by themselves."""

from sqlml.errors import did_you_mean
from sqlml.grammar import ast
from sqlml.grammar.secrets import without_secrets
from sqlml.planner.job_plan import Job
from sqlml.planner.scope import Scope
from sqlml.store.cron import cron_fault, timezone_fault
from sqlml.workflow import ir

DEFAULT_TIMEZONE = "UTC"
_FIELDS = "five fields: minute, hour, day of the month, month, day of the week; `0 3 * * *` is 3:00"
_ZONES = "a name such as `Europe/Berlin`; without one it is UTC"


def plan_job(scope: Scope, statement: ast.CreateJob | ast.ShowJobs | ast.DropJob) -> Job:
    """What a statement about jobs does. The program of a job is checked by who calls this."""
    match statement:
        case ast.ShowJobs():
            return Job(statement, "show")
        case ast.DropJob():
            _drop(scope, statement)
            return Job(statement, "drop", statement.name.text)
        case ast.CreateJob():
            return _create(scope, statement)


def _create(scope: Scope, statement: ast.CreateJob) -> Job:
    name = statement.name
    if scope.jobs is not None:
        if name.text.casefold() in scope.jobs and not statement.replaces:
            scope.fault(
                "E0812",
                f"there is a job `{scope.jobs[name.text.casefold()]}` already",
                name.span,
                hint="`CREATE OR REPLACE JOB` replaces it",
            )
        scope.jobs[name.text.casefold()] = name.text
    for time in statement.schedule:
        if why := cron_fault(str(time.value)):
            scope.fault("E0784", f"this is no time to run at: {why}", time.span, hint=_FIELDS)
    timezone = DEFAULT_TIMEZONE
    if statement.timezone is not None:
        timezone = str(statement.timezone.value)
        if why := timezone_fault(timezone):
            scope.fault("E0784", why, statement.timezone.span, hint=_ZONES)
    for inner in statement.program.statements:
        if isinstance(inner, ast.Train):
            scope.job_models[inner.into.text.casefold()] = name.text
        if without_secrets(inner.span.text, scope.dialect) != inner.span.text:
            hint = "say it once, outside of the job: `CREATE PERSISTENT SECRET …`"
            message = "a job's program is kept as it is, with the password in it"
            scope.fault("E0819", message, inner.span, hint=hint)
    schedule = tuple(str(time.value) for time in statement.schedule)
    return Job(statement, "create", name.text, schedule, timezone, scope.dialect)


def _drop(scope: Scope, statement: ast.DropJob) -> None:
    name, jobs = statement.name, scope.jobs
    if jobs is None:
        return
    if jobs.pop(name.text.casefold(), None) is None and not statement.if_exists:
        hint = did_you_mean(name.text, jobs.values())
        hint = hint or "SHOW JOBS lists those that are there; DROP JOB IF EXISTS goes on then"
        scope.fault("E0811", f"there is no job `{name.text}`", name.span, hint=hint)


def job_operation(operator: Job) -> ir.Job:
    """What the step of a statement about jobs does."""
    statement = operator.statement
    match statement:
        case ast.CreateJob(condition=condition, program=program, replaces=replaces):
            return ir.Job(
                operator.action,
                operator.name,
                operator.schedule,
                operator.timezone,
                condition.sql if condition else "",
                program.span.text,
                operator.dialect,
                replaces,
            )
        case ast.DropJob(if_exists=if_exists):
            return ir.Job(operator.action, operator.name, if_exists=if_exists)
        case ast.ShowJobs():
            return ir.Job(operator.action)
