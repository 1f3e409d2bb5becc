"""``python -m suite``: measure one point, a sweep or an experiment, then build its report."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from suite import __version__, cli
from suite.errors import InputError
from suite.io.paths import CONF
from suite.machine.log_levels import quieten
from suite.machine.openmp import wait_passively

if TYPE_CHECKING:
    from pathlib import Path

    from suite.config.plan import PlannedPoint
    from suite.search.driver import SearchRun
    from suite.sweep.progress import Console
    from suite.sweep.resume import ResumeState

HELP = """\
Measures which efficiency technique saves how much energy per query, and what it costs in accuracy.

  python -m suite experiment=smoke                          a grid of points from conf/experiment/
  python -m suite task=text_classification mitigation=nf4   one point, against its own paired baseline
  python -m suite -m mitigation=int8_dynamic,bf16 batch_size=1,32           a sweep
  python -m suite mitigation=[structured_pruning,int8_dynamic] mitigation.structured_pruning.share=0.3
  python -m suite task=text_classification model.path=DIR_OR_HUB_ID task.data=FILE_OR_FOLDER_OR_HUB_ID

Records go to runs/NAME/records (name=NAME), the report to reports/NAME/index.html. The same command again
measures only what is missing. Exit code: 0 done, 2 bad input, 3 some points failed (the report is there).
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit code."""
    quieten()
    wait_passively()
    os.environ.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")  # torch's numbers are then NVML's
    return cli.run(_parser(), _run, argv, stopped="stopped; what was measured is kept. The same command again goes on.")


def _parser() -> argparse.ArgumentParser:
    parser = cli.parser("suite", HELP, _choices())
    overrides = parser.add_argument(
        "overrides", nargs="*", metavar="key=value", help="Hydra overrides of conf/config.yaml"
    )
    overrides.completer = _completions  # type: ignore[attr-defined]  # argcomplete looks for it
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    parser.add_argument("-m", "--multirun", action="store_true", help="sweep: keys may have several values, a,b,c")
    parser.add_argument("--cfg", choices=["job"], help="print the resolved configuration of each point and stop")
    parser.add_argument("--dry-run", action="store_true", help="list the points and the time they will take, and stop")
    return parser


GROUPS = ("experiment", "task", "model", "mitigation", "workload", "runtime", "protocol", "meter", "schedule")


def _offered(group: str) -> list[str]:
    """What a group of conf offers, read from its folder."""
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


def _choices() -> str:
    return "choices:\n" + "\n".join(f"  {group}: {', '.join(_offered(group))}" for group in GROUPS)


def _completions(prefix: str, **_: object) -> list[str]:
    """How an override that begins with ``prefix`` could go on."""
    group, is_named, _value = prefix.partition("=")
    if is_named:
        return [f"{group}={name}" for name in _offered(group)]
    return [f"{each}=" for each in GROUPS]


def _run(arguments: argparse.Namespace) -> int:
    from suite.config.expand import expand, experiment_points, is_search
    from suite.config.overrides import as_meant

    given = as_meant(arguments.overrides)
    overrides = [text for text in given if not text.startswith("experiment=")]
    experiments = [text.partition("=")[2] for text in given if text.startswith("experiment=")]
    if len(experiments) > 1:
        raise InputError("one experiment at a time", got=experiments, remedy="run them one after another")
    if experiments and is_search(experiments[0]):
        from suite.search.driver import search_run

        search = search_run(experiments[0], overrides)
        if arguments.cfg:
            return _print_cfg([each.overrides for each in search.next_round()])
        return _search(search, arguments.dry_run)
    if experiments:
        points = experiment_points(experiments[0], overrides)
    else:
        points = expand(overrides, multirun=arguments.multirun)
    return _print_cfg(points) if arguments.cfg else _measure(points, arguments.dry_run)


def _print_cfg(points: list[list[str]]) -> int:
    import yaml

    from suite.config.compose import composed, resolved

    configs = [resolved(composed(point)) for point in points]
    print("---\n".join(yaml.safe_dump(config, sort_keys=False) for config in configs), end="")
    return 0


def _measure(points: list[list[str]], dry_run: bool) -> int:
    from suite.config.composition import compositions
    from suite.sweep.launchers.choice import BASIC, launcher_of

    launcher = launcher_of(points)
    composed = compositions(points)
    first, has_server = next(composed), False
    if launcher == BASIC and not dry_run:
        from suite.sweep.process import start_server

        has_server = start_server(first.config)  # it imports the models' libraries while the others are composed
    from suite.sweep import planning

    plans = planning.built([first, *composed])
    end = _sweep(plans, dry_run, has_server=has_server)
    return _ended(plans, end) if end.is_measured else 0


def _search(search: SearchRun, dry_run: bool) -> int:
    """Round after round of points; a round of which all is measured already says nothing."""
    plans: list[PlannedPoint] = []
    end = _End()
    while new := search.next_round():
        plans += new
        is_later = len(plans) > len(new)
        if not is_later:
            print(f"a search: at most {search.search.most_points} points, {len(new)} of them known beforehand")
        end = end.with_round(_sweep(new, dry_run, is_later_round=is_later))
        if end.wrong is not None or not (end.is_measured or end.is_any_done):
            break
    for line in search.conclusions():
        print(line)
    return _ended(plans, end) if not dry_run else 0


class _End(NamedTuple):
    """How a sweep, or a round of a search, ended.

    Attributes:
        failed: points that did.
        wrong: bad input that ended it: a lone point's, a device that is taken, a full disk. Earlier points stand.
        is_any_done: whether a point was measured, or none had to be; of a dry run, whether none has to be.
        is_measured: False for a dry run.
    """

    failed: int = 0
    wrong: InputError | None = None
    is_any_done: bool = False
    is_measured: bool = True

    def with_round(self, later: _End) -> _End:
        """Both rounds as one."""
        done = later.is_any_done or (self.is_any_done and later.is_measured)
        return _End(self.failed + later.failed, later.wrong, done, later.is_measured)


def _ended(plans: list[PlannedPoint], end: _End) -> int:
    """Builds the report of what there is and returns the exit code."""
    if (end.wrong is None or end.is_any_done) and plans and plans[0].plan.config["report"]:
        _report(plans)
    if end.wrong is not None:
        raise end.wrong
    return 3 if end.failed else 0


def _sweep(plans: list[PlannedPoint], dry_run: bool, *, has_server: bool = False, is_later_round: bool = False) -> _End:
    """Measures what is missing of ``plans``.

    Args:
        plans: of one run.
        dry_run: say what is missing, and stop there.
        has_server: whether the server that points are forked from was started.
        is_later_round: of a search: where nothing is missing nothing is said, and it waits for no schedule any more.
    """
    from suite.sweep import planning, resume, start_time
    from suite.sweep.pace import Pace, TimeLeft, earlier_records, forecast
    from suite.sweep.progress import Console

    for plan in plans:
        planning.check_name(str(plan.plan.config["name"]))
    found, folder = resume.scan(plans), plans[0].plan.run_folder
    todo = found.todo
    if is_later_round and not todo:
        return _End(is_any_done=True)
    _check_inputs(todo, has_server)
    for line in found.lines:
        print(line)
    pace = Pace()
    if todo:
        pace.learn_from(earlier_records(folder.parent), [each.plan for each in todo])
    expected = forecast(todo, pace)
    console = Console(len(todo), TimeLeft(todo, pace, expected.devices))
    console.announce(len(plans) - len(todo), expected, folder)
    if not is_later_round:
        start = start_time.start_of([each.plan.config["schedule"] for each in plans], expected.high_s)
        for line in start.lines:
            print(line)
        dry_run = dry_run or start.dry_run
    if dry_run:
        for point in todo:
            print(f"  {point.title}  ({' '.join(point.overrides)})")
        return _End(is_any_done=not todo, is_measured=False)
    if todo and not is_later_round:
        start_time.hold(start)
    return _measured(found, folder, console, alone=len(plans) == 1 and not is_later_round)


def _check_inputs(points: list[PlannedPoint], has_server: bool) -> None:
    """Looks at models and data before the first point, where that is faster in a process of the points' server.

    Raises:
        InputError: one is wrong.
    """
    from suite.sweep import inputs
    from suite.sweep.process import look_isolated

    asked = inputs.to_look_at(points)
    if asked and has_server:
        with contextlib.suppress(ChildProcessError):  # then it is looked at here
            wrong = look_isolated(asked)
            if wrong is not None:
                raise wrong
            return
    inputs.check_inputs(point.plan for point in asked)


def _measured(found: ResumeState, folder: Path, console: Console, *, alone: bool) -> _End:
    from suite.sweep import planning, resume, run

    began_s = time.monotonic()
    failed = 0
    wrong: InputError | None = None
    if found.todo:
        planning.check_folder(folder)
        for line in resume.set_aside(found.torn, folder / "records"):
            cli.warn(line)
        with console:
            try:
                records = run.run(found.todo, console, alone=alone, unfinished=found.unfinished)
                failed = sum(record.status == "failed" for record in records)
            except (
                InputError
            ) as error:  # a lone point's input, a device that is taken, a full disk: earlier points stand
                wrong = error
    if wrong is None or console.done:
        console.summary(failed, time.monotonic() - began_s)
    return _End(failed, wrong, wrong is None or bool(console.done))


def _report(plans: list[PlannedPoint]) -> None:
    from suite.report.needs import missing_libraries

    folder = plans[0].plan.run_folder
    if missing := missing_libraries():
        print(
            f"report: not built, {' and '.join(missing)} not installed here; the records are in {folder}/records. "
            "To build it elsewhere, copy that run's folder into runs/ of a checkout with a .venv (make setup) "
            f"and run there: make report NAME={folder.name}"
        )
        return
    from suite.report.build import build_report

    print(f"report: {build_report(folder, warn=cli.warn)}")


if __name__ == "__main__":
    sys.exit(main())
