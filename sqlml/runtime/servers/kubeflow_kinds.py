"""What Kubeflow Pipelines keeps by name: runs, and recurring runs, which make them."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlml.runtime.servers.rest import Server

API = "/apis/v2beta1"
_EQUALS = 1


@dataclass(frozen=True, slots=True)
class Kind:
    """path, listed, id: what the interface calls them, their list, and the id of one. ended_by: a
    verb, and what stands behind the path of one that is to end."""

    path: str
    listed: str
    id: str
    ended_by: tuple[str, str]

    def named(self, server: Server, name: str, experiment: str) -> list[str]:
        """The ids of those of that name, the first one first."""
        query = {"experiment_id": experiment, "filter": by_name(name), "sort_by": "created_at"}
        answer = server.ask("GET", f"{API}/{self.path}", query=query)
        return [str(one[self.id]) for one in answer.told.get(self.listed) or ()]

    def make(self, server: Server, asked: Mapping[str, Any], known: Collection[str] = ()) -> str:
        """Make one; its id.

        Kubeflow would make one for each time that it is asked: so it is asked again only where
        there is none of that name but those `known`, and what was made twice after all is ended.
        """
        attempts = 0

        def made() -> list[str]:
            found = self.named(server, asked["display_name"], asked["experiment_id"])
            return [one for one in found if one not in known]

        def once() -> str:
            nonlocal attempts
            attempts += 1
            if attempts > 1 and (there := made()):
                return there[0]
            return str(server.ask_once("POST", f"{API}/{self.path}", asked).told[self.id])

        one = server.caller.call(once, server.given_up)
        if attempts > 1:
            one, *twice = made()
            for other in twice:
                self.end(server, other)
        return one

    def end(self, server: Server, id: str) -> bool:
        """Let one end; False where it has."""
        verb, behind = self.ended_by
        path = f"{API}/{self.path}/{id}{behind}"
        return server.ask(verb, path, expected=(400, 404)).status < 300


RUNS = Kind("runs", "runs", "run_id", ("POST", ":terminate"))
RECURRING = Kind("recurringruns", "recurringRuns", "recurring_run_id", ("DELETE", ""))


def by_name(name: str) -> str:
    """What Kubeflow is asked for: things of that name."""
    asked = {"operation": _EQUALS, "key": "display_name", "stringValue": name}
    return json.dumps({"predicates": [asked]})
