import pytest

from suite.errors import InputError
from suite.measure.draft import DOES_NOT_FIT, OUT_OF_REACH
from suite.record.schema import Reason
from suite.record.store import load_run, save
from suite.sweep import planning, resume
from suite.sweep.resume import set_aside
from tests.record.test_record import point as another_point
from tests.record.test_record import record
from tests.sweep.test_run import done

FAILED = {"status": "failed", "reason": Reason(kind="x", message="y")}
OUT = {"status": "skipped", "reason": Reason(kind=OUT_OF_REACH, message="the hub is not reachable")}
FULL = {"status": "skipped", "reason": Reason(kind=DOES_NOT_FIT, message="4 GB are free")}
SKIPPED = {"status": "skipped", "reason": Reason(kind="x", message="y")}


@pytest.fixture
def point(tmp_path):
    return planned(tmp_path)


def planned(tmp_path, *more):
    (made,) = planning.planned([["mitigation=bf16", "device=cpu", f"runs_dir={tmp_path}", *more]])
    return made


def test_a_point_is_pending_until_it_has_an_ok_record(point):
    assert resume.scan([point]).todo == [point]
    save(done(point), point.plan.run_folder / "records")
    assert resume.scan([point]).todo == []


def test_a_skipped_point_is_done_and_a_failed_one_is_not(point):
    folder = point.plan.run_folder / "records"
    save(done(point, status="failed", reason=Reason(kind="x", message="y")), folder)
    assert resume.scan([point]).todo == [point]
    save(done(point, status="skipped", reason=Reason(kind="x", message="y")), folder)
    assert resume.scan([point]).todo == []


@pytest.mark.parametrize(
    "changes",
    [
        {"config_hash": "of another configuration"},
        {"environment": {"hardware": {"name": "another machine"}, "packages": {}}},
    ],
)
def test_a_record_of_another_configuration_or_machine_does_not_count(point, changes):
    save(done(point, **changes), point.plan.run_folder / "records")
    assert resume.scan([point]).todo == [point]


def test_an_older_record_that_the_report_does_not_show_is_not_enough(point):
    folder = point.plan.run_folder / "records"
    save(done(point), folder)
    save(done(point, config_hash="measured otherwise since"), folder)
    assert resume.scan([point]).todo == [point]


def test_a_hub_that_was_out_of_reach_is_tried_again(point):
    reason = Reason(kind=OUT_OF_REACH, message="the hub is not reachable")
    save(done(point, status="skipped", reason=reason), point.plan.run_folder / "records")
    assert resume.scan([point]).todo == [point]


@pytest.mark.parametrize(
    ("retry", "left", "missing"),
    [
        ("failed", {}, 0), ("failed", FAILED, 1), ("failed", OUT, 1), ("failed", FULL, 1), ("failed", SKIPPED, 0),
        ("none", {}, 0), ("none", FAILED, 0), ("none", OUT, 0), ("none", FULL, 0),
        ("all", {}, 1), ("all", SKIPPED, 1),
    ],
)  # fmt: skip
def test_what_is_measured_again_on_request(tmp_path, retry, left, missing):
    point = planned(tmp_path, f"retry={retry}")
    save(done(point, **left), point.plan.run_folder / "records")
    assert len(resume.scan([point]).todo) == missing


def test_a_point_without_a_record_is_measured_whatever_is_retried(tmp_path):
    assert len(resume.scan([planned(tmp_path, "retry=none")]).todo) == 1


def test_an_unknown_retry_is_refused(tmp_path):
    with pytest.raises(InputError, match="retry"):
        resume.scan([planned(tmp_path, "retry=maybe")])


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"hardware": {"name": "a CPU far away"}}, "1 measured on a CPU far away"),
        ({"packages": {"torch": "1.0"}}, "measured with"),
    ],
)
def test_records_of_elsewhere_are_named_in_one_line(point, environment, words):
    here = done(point).environment
    save(done(point, environment=here | environment), point.plan.run_folder / "records")
    (line,) = resume.scan([point]).lines
    assert words in line
    assert "measured again" in line


def packages_of(point, *, without=(), **other):
    """The environment of a record of ``point`` with other packages."""
    here = done(point).environment
    kept = {name: version for name, version in here["packages"].items() if name not in without}
    return here | {"packages": kept | other}


@pytest.mark.parametrize(
    ("changes", "left"),
    [
        ({"without": ["torchao"]}, 0),  # as if a technique that brings torchao along was added to the suite since
        ({"without": ["torch"]}, 1),
        ({"torchao": "0.1"}, 1),
        ({"no-such-package": "1.0"}, 1),
    ],
)
def test_packages_count_that_the_record_names_or_the_point_needs(point, changes, left):
    save(done(point, environment=packages_of(point, **changes)), point.plan.run_folder / "records")
    assert len(resume.scan([point]).todo) == left


def test_a_package_that_the_points_own_technique_requires_counts(tmp_path):
    (point,) = planning.planned([["mitigation=int8_weight_only", "device=cpu", f"runs_dir={tmp_path}"]])
    save(done(point, environment=packages_of(point, without=["torchao"])), point.plan.run_folder / "records")
    assert resume.scan([point]).todo == [point]


def test_records_of_here_are_nothing_to_tell(point):
    save(done(point), point.plan.run_folder / "records")
    assert resume.scan([point]).lines == []


def test_a_torn_record_is_set_aside_with_a_line_and_its_point_measured_again(point):
    records = point.plan.run_folder / "records"
    path = save(done(point), records)
    path.write_bytes(path.read_bytes()[:100])
    found = resume.scan([point])
    assert found.todo == [point]
    (line,) = set_aside(found.torn, records)
    assert path.name in line
    (kept,) = (records / "set-aside").iterdir()
    assert len(kept.read_bytes()) == 100
    assert load_run(point.plan.run_folder) == ([], [])


def test_a_record_of_another_version_stays_where_it_is(point):
    save(record(point=another_point(), schema_version=2), point.plan.run_folder / "records")
    assert resume.scan([point]).torn == []
