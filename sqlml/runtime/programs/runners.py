"""What runs each kind of program."""

from collections.abc import Callable, Mapping

from sqlml.runtime.programs import container, http, script, suspend
from sqlml.runtime.programs.job import Done, Job
from sqlml.workflow.ir import Container, Http, Script, Suspend

RUNNERS: Mapping[type, Callable[[Job], Done]] = {
    Script: script.run,
    Container: container.run,
    Http: http.run,
    Suspend: suspend.run,
}
