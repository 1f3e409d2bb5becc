"""Sweeps that are disturbed: killed at random moments, or full of points that die each in its own way."""

import collections
import dataclasses
import multiprocessing
import random
from types import SimpleNamespace

import msgspec
import pytest
from hydra.core.utils import JobStatus

from suite import sweep
from suite.record import load_run, newest_by_point
from tests.stand_in import LABEL, use_own_server
from tests.test_sweep import done

KILLS = 50
POINTS = 30
FATES = {3: "segfault", 7: "kill", 11: "hang", 20: "memory", 38: "disk"}
KINDS = {3: "crashed", 7: "killed", 11: "timeout", 20: "out_of_memory", 38: "disk_full"}


def planned(folder, count, *more):
    overrides = [["mitigation=none", "device=cpu", f"batch_size={size}", *more] for size in range(1, count + 1)]
    points = sweep.planned([[f"runs_dir={folder}", *each] for each in overrides])
    return [with_fate(point, None) for point in points]


def with_fate(point, fate):
    told = f"!{fate}" if fate else msgspec.json.encode(done(point)).decode()
    return dataclasses.replace(point, labels=point.labels | {LABEL: told})


class Direct:
    """In place of Hydra's launcher, which takes a quarter of a second a point to compose what is composed already."""

    def __init__(self, overrides, job):
        self.job = job

    def launch(self, batch, initial_job_idx):
        for number in range(initial_job_idx, initial_job_idx + len(batch)):
            told = SimpleNamespace(job=SimpleNamespace(num=number))
            sweep.HydraConfig = SimpleNamespace(get=lambda told=told: told)
            self.job(None)
            yield SimpleNamespace(status=JobStatus.COMPLETED)


def _sweep(points, direct):
    use_own_server()
    if direct:
        sweep._launcher = Direct
    todo = sweep.pending(points)
    if todo:
        sweep.run(todo, sweep.Reporter())


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
    pairs, unreadable = load_run(sweep.run_folder(points[0]))
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
        assert not (sweep.run_folder(points[0]) / "records" / "set-aside").exists()


@pytest.mark.slow
def test_each_way_to_die_is_one_failed_point_and_only_those_are_measured_again(tmp_path):
    cured = planned(tmp_path, 40, "point_timeout_s=2")
    points = [with_fate(point, FATES.get(number)) for number, point in enumerate(cured)]
    undisturbed(points)
    found, unreadable = left_by(points)
    kinds = {number: found[point.plan.point.point_id] for number, point in enumerate(points)}
    assert kinds == {number: [("failed", KINDS[number]) if number in KINDS else ("ok", None)] for number in range(40)}
    assert unreadable == []
    assert [each.plan.point for each in sweep.pending(cured)] == [cured[number].plan.point for number in FATES]
    undisturbed(cured)
    records = newest_by_point(load_run(sweep.run_folder(cured[0]))[0])
    assert [record.status for record in records] == ["ok"] * 40


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
