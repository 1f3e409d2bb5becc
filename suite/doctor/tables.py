"""The doctor's findings as tables for a terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from suite.text import numbers as fmt

Facts = dict[str, Any]


def page(found: Facts) -> RenderableType:
    """All sections, in the order in which a user asks."""
    return Group(
        _machine(found),
        _meters(found["meters"]),
        _techniques(found["techniques"]),
        _tasks(found["tasks"]),
        _models(found["models"]),
        _software(found),
    )


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold", expand=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _row(table: Table, *cells: str) -> None:
    """Adds a row; what came from outside never acts as markup."""
    table.add_row(*(cell if cell.startswith("[") and cell.endswith("[/]") else escape(cell) for cell in cells))


def _mark(good: bool, word: str) -> str:
    return f"[{'green' if good else 'yellow'}]{escape(word)}[/]"


def _bytes(count: int | None) -> str:
    return fmt.megabytes(None if count is None else count / 1e6)


def _machine(found: Facts) -> Table:
    table, hardware = _table("Machine", "part", "found"), found["hardware"]
    cores = fmt.counted(str(hardware["cores"]), "logical CPU", "logical CPUs")
    _row(table, "CPU", f"{hardware['cpu']}, {cores}, {hardware['cpu_capability']}")
    _row(table, "memory", _bytes(hardware["memory_bytes"]))
    for gpu in found["gpus"]:
        _row(table, f"GPU {gpu['index']}", _gpu(gpu))
    if not found["gpus"]:
        _row(table, "GPU", "none found")
    reason = found["cuda"]["reason"]
    _row(table, "CUDA", _mark(True, "usable") if reason is None else _mark(False, f"not usable: {reason}"))
    for place in found["disk"]:
        _row(table, "disk", f"{_bytes(place['free_bytes'])} free at {place['folder']}")
    return table


def _gpu(gpu: Facts) -> str:
    lines = [
        f"{gpu['name']}, driver {gpu['driver']}, compute capability {_version(gpu['capability'])}",
        f"{_bytes(gpu['memory_used_bytes'])} of {_bytes(gpu['memory_bytes'])} in use, "
        f"power limit {fmt.watts(gpu['power_limit_w'])}, "
        f"{'has' if gpu['energy_counter'] else 'has no'} energy counter",
    ]
    lines += [
        f"process {other['pid']} uses it too ({_bytes(other['memory_bytes'])}): its energy would be counted"
        for other in gpu["other_processes"]
    ]
    return "\n".join(lines)


def _version(numbers: list[int] | None) -> str:
    return ".".join(map(str, numbers)) if numbers else "unknown"


def _meters(meters: list[Facts]) -> Table:
    table = _table("Energy", "component", "how", "why")
    for meter in meters:
        how = _mark(meter["measured"], meter["method"] or "not read")
        remedy = f"\nto measure it: {meter['remedy']}" if meter["remedy"] else ""
        _row(table, meter["component"], how, f"{meter['reason']}{remedy}")
    return table


def _techniques(techniques: list[Facts]) -> Table:
    table = _table("Techniques", "technique", "runs here", "libraries and conditions")
    for technique in techniques:
        libraries = ", ".join(f"{name} {version}" for name, version in technique["libraries"].items())
        remarks = "; ".join(part for part in (technique["reason"], technique["note"], libraries) if part)
        _row(table, technique["name"], _mark(technique["runs"], fmt.value(technique["runs"])), remarks)
    return table


def _tasks(tasks: list[Facts]) -> Table:
    table = _table(
        "Tasks",
        "task",
        "a query",
        "model",
        "test score",
        "trivial baseline",
        "better by",
        "best simple baseline",
        "better by",
    )
    for task in tasks:
        _row(table, task["name"], *([task["reason"]] if task["reason"] else _told(task)))
    return table


def _told(task: Facts) -> list[str]:
    metric = task["metric"]
    stated = task["score"] is not None
    return [
        task["query"],
        _chosen_model(task["model"]),
        f"{fmt.words(metric)} {fmt.score(task['score'], metric)}" if stated else "",
        *_beside(task, "trivial"),
        *_beside(task, "best"),
    ]


def _beside(task: Facts, kind: str) -> list[str]:
    """A baseline with its score, and what the model is better by."""
    baseline, metric = task[f"{kind}_baseline"], task["metric"]
    if baseline is None:
        return ["", ""]
    shown = f"{baseline['name']}: {fmt.score(baseline['score'], metric)}"
    return [shown, fmt.score_change(task[f"better_than_{kind}"], metric)]


def _chosen_model(model: Facts) -> str:
    if model["where"] in ("embedded", "local"):
        return _mark(model["state"] == "ok", f"{model['name']}: {model['where']}, {model['state']}")
    origin = f"{model['path']}, from the hub" if model["where"] == "hub" else "random weights, energy only"
    return f"none is embedded: model={model['name']} ({origin})"


def _models(models: list[Facts]) -> Table:
    table = _table("Embedded models", "model", "state", "where")
    for model in models:
        _row(table, model["name"], _mark(model["state"] == "ok", model["state"]), model["path"])
    return table


def _software(found: Facts) -> Table:
    table, hub = _table("Software and hub", "what", "found"), found["hub"]
    state = "reachable" if hub["reachable"] else f"not reachable: {hub['reason']}"
    _row(table, hub["endpoint"], _mark(hub["reachable"], state))
    _row(table, "Python", f"{found['python']} on {found['platform']}")
    packages = ", ".join(f"{name} {version}" for name, version in found["packages"].items())
    _row(table, "packages", packages)
    _row(table, "revision", fmt.value(found["git_revision"]))
    return table
