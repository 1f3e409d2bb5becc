from suite.report.sections.video import context
from tests.analysis.run.test_video_scaling import FRAMES, modelled, video
from tests.report.section_html import html_of, report_of, rows_of, words_of


def test_exponents_stand_beside_the_cost_models(tmp_path):
    report = report_of(tmp_path, *(video(modelled(frames), frames=frames) for frames in FRAMES))
    html = html_of("video", report)
    rows = rows_of(html)
    assert [row[0].split(" ")[-1] for row in rows] == ["1,280", "2,304", "4,352", "8,448"]
    assert [row[1].split(" ")[0] for row in rows] == [row[2] for row in rows]
    assert [row[3] for row in rows] == ["short: no finding"] * 2 + ["as modelled"] * 2
    assert "the quadratic part is told from zero" in words_of(html)


def test_energy_linear_in_tokens_is_not_as_modelled(tmp_path):
    report = report_of(tmp_path, *(video(float(3 + frames), frames=frames) for frames in FRAMES))
    assert rows_of(html_of("video", report))[-1][3] == "not as modelled"


def test_steps_are_a_line(tmp_path):
    report = report_of(tmp_path, *(video(0.5 * steps, steps=steps) for steps in (1, 2, 4, 8)))
    assert "Each step adds 500 mJ" in words_of(html_of("video", report))
    assert "explains 1.0000 of the variance" in words_of(html_of("video", report))


def test_a_run_without_videos_leaves_it_out(tmp_path):
    from tests.synthetic import record

    assert context(report_of(tmp_path, record())) is None
