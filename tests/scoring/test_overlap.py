import pytest

from suite.scoring.overlap import rouge_l


def test_rouge_l_by_hand():
    # common subsequence "police kill gunman" is "police the gunman": 3 of 4 and 3 of 4 words
    assert rouge_l("police killed the gunman", "police kill the gunman") == pytest.approx(3 / 4)
    # "gunman the police": only one word stands in order
    assert rouge_l("police killed the gunman", "gunman the killed police") == pytest.approx(1 / 4)


def test_words_count_in_any_script():
    assert rouge_l("Страница один", "страница два") == pytest.approx(1 / 2)


def test_nothing_written_scores_nothing():
    assert rouge_l("one", "") == 0.0


def test_on_ascii_it_is_what_rouge_score_gives_by_itself():
    from rouge_score.rouge_scorer import RougeScorer

    pair = ("The cat's 3 mats, see-through.", "A cat sat on 3 mats")
    assert rouge_l(*pair) == RougeScorer(["rougeL"]).score(*pair)["rougeL"].fmeasure
