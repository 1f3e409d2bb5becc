import pytest

from tests.report.section_html import html_of, report_of, words_of
from tests.synthetic import binary_scores, record, windows

SAME = binary_scores(90, 0, 0, 10)


def ran(number, mitigations=()):
    return record(
        task=f"task_{number}", mitigations=mitigations, run_windows=windows([0.5] * 4), scores=SAME, minute=number
    )


@pytest.mark.parametrize(("count", "cards"), [(3, 3), (4, 0), (11, 0)])
def test_many_tasks_without_any_technique_are_a_sentence_rather_than_a_wall_of_cards(tmp_path, count, cards):
    html = html_of("overview", report_of(tmp_path, *map(ran, range(count))))
    assert html.count('<article class="card"') == cards
    assert ("against themselves, without any technique: task 0; task 1" in words_of(html)) == (cards == 0)


def test_a_task_with_a_technique_has_its_card_beside_that_sentence(tmp_path):
    points = [*map(ran, range(5)), ran(9, mitigations=(("bf16", {}),))]
    html = html_of("overview", report_of(tmp_path, *points))
    assert html.count('<article class="card"') == 1
    assert "task 9" in html
    assert "task 9" not in words_of(html).partition("without any technique:")[2].partition(".")[0]
