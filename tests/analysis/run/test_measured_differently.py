"""What was another setting where two runs measured the same points."""

import msgspec

from suite.analysis.run.measured_differently import Difference, differences
from suite.analysis.run.run_comparison import compare
from suite.analysis.summary import summarise
from tests.synthetic import environment, record, windows


def run(minute=0, packages=None, **config):
    where = environment()
    one = record(run_windows=windows([0.8] * 4), where=where | {"packages": where["packages"] | (packages or {})})
    return summarise("run", [msgspec.structs.replace(one, config=one.config | config)], None)


def found(a, b):
    return differences(compare(a, b, energy_tolerance=0.05, ratio_tolerance=0.05))


def test_runs_measured_alike_show_none():
    assert found(run(), run()) == []


def test_threads_come_first_and_then_the_rest_with_its_number_of_points():
    after = run(threads=None, batch_limit=4, packages={"torch": "2.14.0"}, protocol={"name": "strict"})
    assert found(run(threads=1), after) == [
        Difference(key="protocol.name", a="quick", b="strict", points=1),
        Difference(key="threads", a="1", b="null", points=1),
        Difference(key="batch_limit", a="absent", b="4", points=1),
        Difference(key="packages.torch", a="2.13.0+cpu", b="2.14.0", points=1),
    ]


def test_where_a_run_is_kept_and_where_a_class_lies_is_no_difference():
    task = {"_target_": "suite.tasks.a.A", "name": "t"}
    moved = task | {"_target_": "suite.tasks.b.A"}
    assert found(run(task=task, name="one", runs_dir="x"), run(task=moved, name="two", runs_dir="y")) == []
