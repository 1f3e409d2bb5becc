"""Sweeps that are disturbed: killed at random moments, or full of points that die each in its own way."""

import collections
import contextlib
import csv
import dataclasses
import multiprocessing
import os
import random
import sys
from pathlib import Path

import msgspec
import pytest

from suite.__main__ import main
from suite.io.paths import CHECKOUT
from suite.record.store import load_run, newest_by_point
from suite.sweep import planning, resume, run
from suite.sweep.launchers import basic
from suite.sweep.point_run import Reporter
from tests.stand_in import LABEL, use_own_server
from tests.sweep.test_run import done

KILLS = 25
POINTS = 30
FATES = {3: "segfault", 7: "kill", 11: "hang", 20: "memory", 38: "disk"}
REASONS = {3: "SIGSEGV", 7: "SIGKILL", 11: "point_timeout_s=2", 20: "MemoryError", 38: "No space left on device"}
KINDS = {3: "crashed", 7: "killed", 11: "timeout", 20: "out_of_memory", 38: "disk_full"}


def planned(folder, count, *more):
    overrides = [["mitigation=none", "device=cpu", f"batch_size={size}", *more] for size in range(1, count + 1)]
    points = planning.planned([[f"runs_dir={folder}", *each] for each in overrides])
    return [with_fate(point, None) for point in points]


def with_fate(point, fate):
    told = f"!{fate}" if fate else msgspec.json.encode(done(point)).decode()
    return dataclasses.replace(point, labels=point.labels | {LABEL: told})


def without_hydra(jobs, task):
    """In place of Hydra's launcher, which takes a quarter of a second a point to compose what is composed already."""
    for number in range(len(jobs)):
        task(number)


def _sweep(points, direct):
    use_own_server()
    if direct:
        basic.run = without_hydra
    todo = resume.scan(points).todo
    if todo:
        run.run(todo, Reporter())


def started(points, *, direct=False):
    process = multiprocessing.get_context("fork").Process(target=_sweep, args=(points, direct))
    process.start()
    return process


def undisturbed(points):
    process = started(points)
    process.join(timeout=120)
    assert process.exitcode == 0


def in_folder(points, folder):
    """The same points as those of a run elsewhere."""
    return [
        dataclasses.replace(
            each, plan=dataclasses.replace(each.plan, config=each.plan.config | {"runs_dir": str(folder)})
        )
        for each in points
    ]


def left_by(points):
    """Every record of the run by point, as (status, kind); files that cannot be read; other files."""
    pairs, unreadable = load_run(points[0].plan.run_folder)
    found = collections.defaultdict(list)
    for _, record in pairs:
        found[record.point_id].append((record.status, record.reason and record.reason.kind))
    return dict(found), unreadable


@pytest.mark.slow
def test_kills_at_random_moments_lose_nothing_and_double_nothing(tmp_path):
    moments, kills, rounds = random.Random(4), 0, 0
    reference = planned(tmp_path / "undisturbed", POINTS)
    undisturbed(reference)
    wanted = left_by(reference)
    assert wanted == ({each.plan.point.point_id: [("ok", None)] for each in reference}, [])
    while kills < KILLS:
        rounds += 1
        points = in_folder(reference, tmp_path / str(rounds))
        while True:
            process = started(points, direct=True)
            process.join(timeout=moments.uniform(0.05, 0.9))
            if process.exitcode is not None:
                break
            process.kill()
            process.join()
            kills += 1
        assert process.exitcode == 0
        assert left_by(points) == wanted
        assert not (points[0].plan.run_folder / "records" / "set-aside").exists()


@pytest.mark.slow
def test_each_way_to_die_is_one_failed_point_and_only_those_are_measured_again(tmp_path):
    cured = planned(tmp_path, 40, "point_timeout_s=2")
    points = [with_fate(point, FATES.get(number)) for number, point in enumerate(cured)]
    undisturbed(points)
    found, unreadable = left_by(points)
    kinds = {number: found[point.plan.point.point_id] for number, point in enumerate(points)}
    assert kinds == {number: [("failed", KINDS[number]) if number in KINDS else ("ok", None)] for number in range(40)}
    assert unreadable == []
    assert [each.plan.point for each in resume.scan(cured).todo] == [cured[number].plan.point for number in FATES]
    undisturbed(cured)
    records = newest_by_point(load_run(cured[0].plan.run_folder)[0])
    assert [record.status for record in records] == ["ok"] * 40


def _command(folder, fates):
    """``python -m suite`` in ``folder``, whose points are stand-ins that end as ``fates`` says, by their number."""
    os.environ["PYTHONPATH"] = str(CHECKOUT)  # where the server of points finds the stand-ins
    os.chdir(folder)
    use_own_server()
    real = planning.built
    planning.built = lambda points: [with_fate(point, fates.get(number)) for number, point in enumerate(real(points))]
    overrides = [f"batch_size={','.join(map(str, range(1, 41)))}", "device=cpu", "point_timeout_s=2", "name=demo"]
    with Path("printed").open("w") as stream, contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
        code = main(["-m", *overrides])
    sys.exit(code)


def command(folder, fates):
    """The command's exit code, and what it printed."""
    process = multiprocessing.get_context("fork").Process(target=_command, args=(folder, fates))
    process.start()
    process.join(timeout=120)
    return process.exitcode, (folder / "printed").read_text()


def rows(folder):
    with (folder / "reports" / "demo" / "results.csv").open() as stream:
        return list(csv.DictReader(stream))


@pytest.mark.slow
def test_a_sweep_with_five_deaths_reports_and_the_same_command_measures_those_five(tmp_path):
    code, printed = command(tmp_path, FATES)
    assert code == 3
    assert "40 points to measure" in printed
    assert "5 failed" in printed
    assert collections.Counter(row["status"] for row in rows(tmp_path)) == {"ok": 35, "failed": 5}
    failed = {row["baseline_batch_size"]: row["reason"] for row in rows(tmp_path) if row["status"] == "failed"}
    assert all(words in failed[str(number + 1)] for number, words in REASONS.items())
    assert (tmp_path / "reports" / "demo" / "index.html").stat().st_size > 0

    code, printed = command(tmp_path, {})
    assert code == 0
    assert "5 points to measure, 35 already measured" in printed
    assert [row["status"] for row in rows(tmp_path)] == ["ok"] * 40
    attempts = collections.Counter(path.name[:12] for path in (tmp_path / "runs" / "demo" / "records").glob("*.json"))
    assert sorted(attempts.values()) == [1] * 35 + [2] * 5


def test_bad_input_of_one_point_leaves_the_others_measured(tmp_path):
    points = planned(tmp_path, 3)
    points[1] = with_fate(points[1], "input")
    undisturbed(points)
    found, _ = left_by(points)
    assert [found[each.plan.point.point_id] for each in points] == [
        [("ok", None)],
        [("failed", "bad_input")],
        [("ok", None)],
    ]
