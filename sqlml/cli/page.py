"""A run as one page of HTML that needs nothing else: its graph, when its steps ran, what they
measured. No scripts; what a bar or a box is about shows when the pointer rests on it.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from sqlml.cli.terminal import duration, memory
from sqlml.cli.timeline import depth, in_order
from sqlml.store.runs import Run, Step

_COLORS = {
    "succeeded": "#2b8a3e", "reused": "#1971c2", "failed": "#c92a2a", "skipped": "#868e96",
    "interrupted": "#e67700", "running": "#f08c00", "waiting": "#adb5bd",
}  # fmt: skip
_STYLE = """
:root{color-scheme:light dark;--ink:#212529;--paper:#fff;--soft:#f1f3f5;--quiet:#6c757d;
--line:#dee2e6}
@media(prefers-color-scheme:dark){:root{--ink:#e9ecef;--paper:#16191d;--soft:#22272c;
--quiet:#9aa3ab;--line:#3a4148}.state{filter:brightness(1.5)}}
body{font:14px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:1100px;padding:0 1rem;
color:var(--ink);background:var(--paper)}
h1{font-size:1.35rem;margin-bottom:.2rem}h2{font-size:1.05rem;margin-top:2rem}
table{border-collapse:collapse;width:100%}th{text-align:left;color:var(--quiet);font-weight:500}
td,th{padding:.2rem .8rem .2rem 0;border-bottom:1px solid var(--line);vertical-align:top}
td{overflow-wrap:break-word;max-width:26rem}td.state{white-space:nowrap}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
svg{max-width:100%;height:auto}svg text{font:12px system-ui,sans-serif;fill:var(--ink)}
.box{fill:var(--paper)}.arrow{fill:none;stroke:var(--quiet)}
pre{background:var(--soft);padding:1rem;overflow:auto}.quiet{color:var(--quiet)}
"""
_LINE = 22  # pixels of a step in the timeline
_NAMES, _WIDTH = 220, 1000
_BOX, _GAP, _BOX_HEIGHT = 150, 60, 30
_MOST_BOXES = 400


@dataclass(frozen=True, slots=True)
class Facts:
    """What a page tells of a run.

    links: from a step to those that read what it wrote. metrics: by step and name, the values of
    all rounds, the last one last.
    """

    run: Run
    steps: Sequence[Step]
    links: Sequence[tuple[str, str]]
    metrics: Mapping[str, Mapping[str, Sequence[float]]]


def page(facts: Facts) -> str:
    """The whole page."""
    run = facts.run
    took = f" in {duration(run.finished - run.started)}" if run.finished else ""
    reused = sum(step.outcome == "reused" for step in facts.steps)
    counts = f"{len(facts.steps)} steps, {reused} of them from earlier runs"
    body = "".join([
        f"<h1>{escape(run.name)}</h1>",
        f"<p class=quiet>run {escape(run.id)} · {escape(run.outcome)}{took} · {counts}</p>",
        "<h2>What led to what</h2>",
        _graph(facts),
        "<h2>When</h2>",
        _timeline(facts.steps),
        "<h2>Steps</h2>",
        _table(facts),
        f"<h2>Program</h2><pre>{escape(run.program)}</pre>" if run.program else "",
    ])  # fmt: skip
    head = f"<meta charset=utf-8><title>{escape(run.name)} · {escape(run.id)}</title>"
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    guard = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    return f"<!doctype html><html lang=en>{head}{guard}<style>{_STYLE}</style>{body}</html>\n"


def _timeline(steps: Sequence[Step]) -> str:
    ran = [step for step in in_order(steps) if step.started is not None]
    if not ran:
        return "<p class=quiet>No step ran.</p>"
    begin = min(step.started or 0.0 for step in ran)
    end = max(step.finished or step.started or 0.0 for step in ran)
    scale = (_WIDTH - _NAMES - 80) / max(end - begin, 1e-9)
    lines = []
    for i, step in enumerate(ran):
        assert step.started is not None
        took = (step.finished or end) - step.started
        x, y = _NAMES + (step.started - begin) * scale, i * _LINE
        width, inset = max(took * scale, 2.0), 12 * depth(step, steps)
        lines.append(
            f"<g><title>{escape(_hover(step))}</title>"
            f'<text x="{inset}" y="{y + 15}">{escape(step.name[:30])}</text>'
            f'<rect x="{x:.1f}" y="{y + 4}" width="{width:.1f}" height="{_LINE - 8}" rx="2"'
            f' class="state" fill="{_COLORS.get(step.outcome, "#495057")}"/>'
            f'<text x="{x + width + 5:.1f}" y="{y + 15}">{duration(took)}</text></g>'
        )
    return _svg(_WIDTH, len(ran) * _LINE + 4, lines)


def _graph(facts: Facts) -> str:
    """The steps in layers: each right of all whose work it used."""
    if len(facts.steps) > _MOST_BOXES:
        return f"<p class=quiet>{len(facts.steps):,} steps are too many to draw.</p>"
    layers = _layers(facts)
    places = {
        name: (layer * (_BOX + _GAP), row * (_BOX_HEIGHT + 14))
        for layer, names in enumerate(layers)
        for row, name in enumerate(names)
    }
    arrows = [
        _arrow(*places[giver], *places[taker])
        for giver, taker in facts.links
        if giver in places and taker in places
    ]
    boxes = [_box(step, *places[step.name]) for step in facts.steps]
    height = max((len(names) for names in layers), default=1) * (_BOX_HEIGHT + 14)
    return _svg(max(1, len(layers)) * (_BOX + _GAP), height, [*arrows, *boxes])


def _layers(facts: Facts) -> list[list[str]]:
    before = defaultdict(set)
    for giver, taker in facts.links:
        before[taker].add(giver)
    layer: dict[str, int] = {}
    for step in sorted(facts.steps, key=lambda step: step.number):  # givers come first
        found = [layer[name] + 1 for name in before[step.name] if name in layer]
        layer[step.name] = max(found, default=0)
    layers: list[list[str]] = [[] for _ in range(max(layer.values(), default=-1) + 1)]
    for name, number in layer.items():
        layers[number].append(name)
    return layers


def _arrow(x1: float, y1: float, x2: float, y2: float) -> str:
    x1, y1, y2 = x1 + _BOX, y1 + _BOX_HEIGHT / 2, y2 + _BOX_HEIGHT / 2
    middle = (x1 + x2) / 2
    way = f"M{x1} {y1} C{middle} {y1} {middle} {y2} {x2} {y2}"
    return f'<path class="arrow" d="{way}"/>'


def _box(step: Step, x: float, y: float) -> str:
    color = _COLORS.get(step.outcome, "#495057")
    return (
        f"<g><title>{escape(_hover(step))}</title>"
        f'<rect class="box state" x="{x}" y="{y}" width="{_BOX}" height="{_BOX_HEIGHT}" rx="5"'
        f' stroke="{color}" stroke-width="1.5"/>'
        f'<text x="{x + 8}" y="{y + 20}">{escape(step.name[:20])}</text></g>'
    )


def _hover(step: Step) -> str:
    told = [f"{step.operation} {step.title}", step.outcome]
    if step.source:
        told.append(f"done by run {step.source}")
    if step.peak_memory:
        told.append(f"held {memory(step.peak_memory)}")
    return " · ".join(filter(None, [*told, step.message]))


def _table(facts: Facts) -> str:
    head = "<tr><th>step<th>what<th>outcome<th class=n>time<th class=n>memory<th>measured</tr>"
    return f"<table>{head}{''.join(_row(step, facts) for step in facts.steps)}</table>"


def _row(step: Step, facts: Facts) -> str:
    took = None if step.started is None or step.finished is None else step.finished - step.started
    outcome = f"from run {step.source}" if step.source else step.outcome
    color = _COLORS.get(step.outcome, "#495057")
    measured = " ".join(_measured(facts.metrics.get(step.name, {})))
    return (
        f"<tr><td>{escape(step.name)}<td>{escape(step.operation)} {escape(step.title)}"
        f'<td class=state style="color:{color}">{escape(outcome)}'
        f"<td class=n>{'' if took is None else duration(took)}"
        f"<td class=n>{memory(step.peak_memory) if step.peak_memory else ''}"
        f"<td>{measured}{escape(step.message)}</tr>"
    )


def _measured(metrics: Mapping[str, Sequence[float]]) -> Iterator[str]:
    for name, values in metrics.items():
        yield f"{escape(name)}&nbsp;{values[-1]:.4g}{_curve(values) if len(values) > 1 else ''}"


def _curve(values: Sequence[float]) -> str:
    """The values of the rounds, one beside the other."""
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    points = " ".join(
        f"{i * 60 / (len(values) - 1):.1f},{15 - (value - low) / span * 14:.1f}"
        for i, value in enumerate(values)
    )
    line = f'<polyline points="{points}" fill="none" stroke="#1971c2"/>'
    return f'<svg width="62" height="16" viewBox="0 0 62 16">{line}</svg>'


def _svg(width: float, height: float, parts: Sequence[str]) -> str:
    size = f'width="{width}" height="{height}" viewBox="-1 -1 {width + 2} {height + 2}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{"".join(parts)}</svg>'
