from suite.record.schema import Reason
from suite.report.sections.about.environment import context
from tests.report.section_html import report_of
from tests.synthetic import environment, record


def refused():
    """A point whose requirements were not met: it ended before its meter was opened."""
    reason = Reason(kind="not_applicable", message="needs device=cuda, here it is cpu")
    where = {key: value for key, value in environment().items() if key != "meter"}
    return record(mitigations=(("tf32", {}),), status="skipped", reason=reason, where=where, minute=1)


def test_points_that_ended_before_their_meter_was_opened_are_no_environment_of_their_own(tmp_path):
    ((facts, points),) = context(report_of(tmp_path, record(), refused()))["environments"]
    assert facts["meter.name"] == "codecarbon"
    assert points == 1


def test_where_every_point_was_skipped_their_machine_is_shown_all_the_same(tmp_path):
    ((facts, points),) = context(report_of(tmp_path, refused()))["environments"]
    assert facts["hardware.cpu"] == "Example CPU"
    assert points == 1
