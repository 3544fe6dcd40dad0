"""What a probe found: the document, and its pages, Prometheus' text format among them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from reconciler.agents.live import UNNAMED
from reconciler.render.document import FORMAT_VERSION, to_json
from reconciler.render.escape import escape
from reconciler.render.outline import Line, Section
from reconciler.render.plan_outline import of_project
from reconciler.render.room_shapes import ProbedDocument, ProbeDocument, SpreadDocument


class Probed(Protocol):
    """All canaries for one agent."""

    @property
    def agent_name(self) -> str:
        """The agent, "" for the unnamed one."""
        ...

    @property
    def canaries(self) -> Sequence[object]:
        """The rooms that asked for it."""
        ...

    @property
    def seconds(self) -> Sequence[float]:
        """How long the answers took, the quickest first."""
        ...

    @property
    def is_ok(self) -> bool:
        """Whether every room was answered."""
        ...

    @property
    def strangers(self) -> Sequence[str]:
        """Agents of other names that came as well."""
        ...

    @property
    def problem(self) -> str:
        """Why it could not be asked."""
        ...

    @property
    def hint(self) -> str:
        """The likeliest cause of silence."""
        ...


def probe_document(
    project: str, host: str, timeout: float, probed: Iterable[Probed], notes: Iterable[str] = ()
) -> ProbeDocument:
    """A probe as a document."""
    agents = [_agent(one) for one in probed]
    return {
        "format_version": FORMAT_VERSION,
        "project": project,
        "host": host,
        "timeout": timeout,
        "ok": all(one["ok"] for one in agents),
        "agents": agents,
        "notes": list(notes),
    }


def _agent(one: Probed) -> ProbedDocument:
    return {
        "agent": one.agent_name or UNNAMED,
        "ok": one.is_ok,
        "asked": len(one.canaries),
        "answered": len(one.seconds),
        "seconds": _spread(one.seconds),
        "strangers": list(one.strangers),
        "problem": one.problem,
        "hint": one.hint,
    }


def _spread(seconds: Sequence[float]) -> SpreadDocument | None:
    """Quantiles of sorted numbers by the nearest rank: each of them is a time that was measured."""
    if not seconds:
        return None
    return {"p50": _rank(seconds, 50), "p95": _rank(seconds, 95), "max": seconds[-1]}


def _rank(seconds: Sequence[float], percent: int) -> float:
    return seconds[-(-len(seconds) * percent // 100) - 1]


# ---------------------------------------------------------------------------------------------------------------------
# Pages
# ---------------------------------------------------------------------------------------------------------------------


def show_probe(document: ProbeDocument, form: str, *, color: bool = False) -> str:
    """A probe as text, JSON, Markdown (also for GitHub), or metrics."""
    match form:
        case "json":
            return to_json(document)
        case "prometheus":
            return exposition(document)
        case "text":
            from reconciler.render.text import page

            title = f"Probe{of_project(document['project'], document['host'])}"
            return page(title, _sections(document), probe_conclusion(document), color)
        case _:
            from reconciler.render.markdown import SUMMARY_LIMIT, assemble, code_span

            of = f" of {code_span(document['project'])}" if document["project"] else ""
            head = [f"## Probe{of} on {code_span(document['host'])}"]
            head.append(f"**{probe_conclusion(document, code_span)}**")
            return assemble(head, _sections(document), [], SUMMARY_LIMIT, fold=False)


def _sections(document: ProbeDocument) -> list[Section]:
    lines = []
    for one in document["agents"]:
        mark = "+" if one["ok"] else "-"
        lines.append(
            Line(f"{escape(one['agent'])}: {answer_words(one, document['timeout'])}", mark)
        )
        if one["strangers"]:
            lines.append(Line(f"came as well: {escape(', '.join(one['strangers']))}", depth=1))
        if one["hint"]:
            lines.append(Line(escape(one["hint"]), depth=1))
    found = [
        Section("Agents", tuple(lines), marked=True),
        Section("Notes", tuple(Line(escape(note)) for note in document["notes"])),
    ]
    return [section for section in found if section.lines]


def answer_words(one: ProbedDocument, timeout: float) -> str:
    """How one agent fared."""
    spread = one["seconds"]
    if one["problem"] and not one["answered"]:
        return f"could not be asked: {escape(one['problem'])}"
    if one["asked"] == 1:
        return (
            f"answered in {_seconds(spread['p50'])}"
            if spread is not None
            else f"no worker answered in {timeout:g} s"
        )
    told = f"{one['answered']:,} of {one['asked']:,} answered"
    if spread is None:
        return f"{told} in {timeout:g} s"
    half, most, longest = (_seconds(spread[key]) for key in ("p50", "p95", "max"))
    share = 100.0 * one["answered"] / one["asked"]
    return f"{told} ({share:.3g} %); half in {half}, 95 % in {most}, all in {longest}"


def _seconds(seconds: float) -> str:
    return f"{seconds:.2g} s" if seconds < 10.0 else f"{seconds:.0f} s"


def probe_conclusion(document: ProbeDocument, shown: Callable[[str], str] = escape) -> str:
    """What it comes to, in one line; `shown` makes names harmless there."""
    silent = [one["agent"] for one in document["agents"] if not one["ok"]]
    total = len(document["agents"])
    if not total:
        return "The file names no agent."
    if not silent:
        return "The agent answers." if total == 1 else f"All {total:,} agents answer."
    always = [one for one in document["agents"] if not one["answered"]]
    words = "do not answer" if len(always) == len(silent) else "do not always answer"
    if len(silent) == 1:
        words = words.replace("do not", "does not")
    return f"{len(silent):,} of {total:,} {words}: {', '.join(map(shown, silent))}."


# ---------------------------------------------------------------------------------------------------------------------
# Prometheus
# ---------------------------------------------------------------------------------------------------------------------


def exposition(document: ProbeDocument) -> str:
    """The text format, for the textfile collector: a gauge is what the last probe found."""
    agents = document["agents"]
    lines = [
        *_gauge(
            "reconcile_probe_success",
            "Whether a worker answered to the name every time (1), or not (0).",
            [({"agent": one["agent"]}, float(one["ok"])) for one in agents],
        ),
        *_gauge(
            "reconcile_probe_asked",
            "Rooms that asked for the agent.",
            [({"agent": one["agent"]}, float(one["asked"])) for one in agents],
        ),
        *_gauge(
            "reconcile_probe_answered",
            "Rooms that the agent joined in time.",
            [({"agent": one["agent"]}, float(one["answered"])) for one in agents],
        ),
        *_gauge(
            "reconcile_probe_seconds",
            "Seconds from asking for the agent until it was in the room.",
            [
                ({"agent": one["agent"], "quantile": quantile}, value)
                for one in agents
                if (spread := one["seconds"]) is not None
                for quantile, value in (
                    ("0.5", spread["p50"]),
                    ("0.95", spread["p95"]),
                    ("1", spread["max"]),
                )
            ],
        ),
    ]
    return "".join(f"{line}\n" for line in lines)


def _gauge(name: str, told: str, samples: list[tuple[dict[str, str], float]]) -> list[str]:
    if not samples:
        return []
    lines = [f"# HELP {name} {told}", f"# TYPE {name} gauge"]
    for labels, value in samples:
        inside = ",".join(f'{key}="{_label(text)}"' for key, text in labels.items())
        lines.append(f"{name}{{{inside}}} {value:g}")
    return lines


def _label(text: str) -> str:
    """A label's value; half of a surrogate pair would be no UTF-8."""
    escaped = text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    return escaped.encode("utf-8", "backslashreplace").decode()
