import dataclasses
import json
import re
from collections import Counter

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

from suite.data.cldr_names import FEWEST_LANGUAGES, FEWEST_RARE, LANGUAGES, cldr_names, rare_names, split_of
from suite.errors import InputError, NotApplicable
from suite.scoring import items as scoring_items
from suite.stats.score_difference import differences_of, mean_difference
from suite.tasks.text_classification import items


@pytest.fixture(scope="module")
def task(make_task):
    return make_task("text_classification")


def character_tokenizer(**changes):
    """One token a character of the Latin alphabet."""
    vocabulary = {name: number for number, name in enumerate(["[PAD]", "[UNK]", *"abcdefghijklmnopqrstuvwxyz ,"])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    fields = {"pad_token": "[PAD]", "unk_token": "[UNK]", "model_input_names": ["input_ids", "attention_mask"]}
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **{**fields, **changes})


def tiny_bert(labels=LANGUAGES, positions=128):
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=32,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=positions,
        id2label=dict(enumerate(labels)),
        label2id={name: number for number, name in enumerate(labels)},
        initializer_range=0.5,
    )
    return BertForSequenceClassification(config)


def names_in(examples, language):
    return Counter(name for example in examples if example["label"] == language for name in example["text"].split(", "))


def test_names_of_the_three_splits_are_apart_in_english(task):
    train, validation, test = (set(names_in(split, "en")) for split in (task.train(), task.validation(), task.test()))
    assert min(len(train), len(validation), len(test)) > 50
    assert not train & validation
    assert not train & test
    assert not validation & test


def test_a_name_is_in_the_same_split_in_every_language():
    mongolia = next(names for names in cldr_names() if names["en"] == "Mongolia")
    assert (mongolia["de"], mongolia["fr"]) == ("Mongolei", "Mongolie")
    assert split_of("Mongolia") == split_of("mongolia")


def test_no_name_is_in_two_items_of_the_test_split(task):
    assert set(names_in(task.test(), "en").values()) == {1}


def test_an_item_is_three_names(task):
    assert Counter(len(example["text"].split(", ")) for example in task.test()).most_common(1)[0][0] == 3


def test_all_languages_are_asked_for(task):
    assert {example["label"] for example in task.test()} == set(LANGUAGES)
    assert len(LANGUAGES) == len(set(LANGUAGES)) == 40


def test_a_cluster_is_one_triple_in_many_languages(task):
    clusters = task.clusters()
    assert len(clusters) == len(task.test())
    first = [example["label"] for example, cluster in zip(task.test(), clusters, strict=True) if cluster == 0]
    assert len(first) > 20
    assert len(first) == len(set(first))


def test_a_sample_keeps_clusters_in_step(make_task):
    task = make_task("text_classification", max_scored=100)
    sources = [example["source"] for example in task.test()]
    clusters = task.clusters()
    assert len(sources) == len(clusters) == 100
    assert len(set(zip(sources, clusters, strict=True))) == len(set(sources)) == len(set(clusters))


def test_batch_is_padded_to_its_longest_text(task, make_setup):
    setup = make_setup(task, tiny_bert(), character_tokenizer())
    batch = task.batch(setup, [{"text": "abc"}, {"text": "a"}])
    assert batch["input_ids"].tolist() == [[2, 3, 4], [2, 0, 0]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [1, 0, 0]]


def test_longer_texts_than_the_model_takes_are_cut(task, make_setup):
    setup = make_setup(task, tiny_bert(positions=5), character_tokenizer())
    assert task.batch(setup, [{"text": "a" * 9}])["input_ids"].shape == (1, 5)


def test_the_answer_does_not_depend_on_padding(task, make_setup):
    setup = make_setup(task, tiny_bert(), character_tokenizer())
    short, long = {"text": "abc", "label": "en"}, {"text": "abc" * 30, "label": "en"}
    alone = setup.model(**task.batch(setup, [short])).logits
    padded = setup.model(**task.batch(setup, [short, long])).logits[:1]
    torch.testing.assert_close(alone, padded)


def test_evaluate_compares_with_the_models_label_numbers(task, make_setup):
    labels = sorted(LANGUAGES)
    model = tiny_bert(labels=labels)
    with torch.no_grad():
        model.classifier.weight.zero_()
        model.classifier.bias.copy_(torch.eye(40)[labels.index("fi")])
    scores = task.evaluate(make_setup(task, model, character_tokenizer(), batch_size=300))
    assert scores == [float(example["label"] == "fi") for example in task.test()]


def test_training_batch_has_labels_and_a_finite_loss(task, make_setup):
    setup = make_setup(task, tiny_bert(), character_tokenizer(), phase="training")
    batch = task.training_batch(setup, task.train()[:4])
    logits, targets = task.logits(setup.model, batch)
    assert logits.shape == (4, 40)
    assert targets.tolist() == [LANGUAGES.index(example["label"]) for example in task.train()[:4]]
    assert torch.isfinite(task.loss(setup.model, batch))


def test_a_tokenizer_without_padding_is_refused(task):
    with pytest.raises(InputError, match="pad_token"):
        task.check_model(tiny_bert(), character_tokenizer(pad_token=None))


def test_a_model_with_other_labels_is_refused(task):
    with pytest.raises(InputError, match="POSITIVE"):
        task.check_model(tiny_bert(labels=["NEGATIVE", "POSITIVE"]), character_tokenizer())


def test_ones_own_sentences_are_scored(make_task, make_setup, tmp_path):
    rows = [
        {"sentence": f"{'good' if number % 2 else 'bad'} film {number}", "label": number % 2} for number in range(40)
    ]
    path = tmp_path / "films.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    task = make_task("text_classification", data=str(path))
    model = tiny_bert(labels=["NEGATIVE", "POSITIVE"])
    task.check_model(model, character_tokenizer())
    with torch.no_grad():
        model.classifier.weight.zero_()
        model.classifier.bias.copy_(torch.tensor([0.0, 1.0]))
    scores = task.evaluate(make_setup(task, model, character_tokenizer()))
    assert scores == [float("good" in example["text"]) for example in task.test()]
    assert task.clusters() is None


def films(path, numbers):
    rows = [{"text": f"{'good' if number % 2 else 'bad'} film {number}", "label": number % 2} for number in numbers]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def test_what_is_scored_is_said(make_task, tmp_path):
    file = films(tmp_path / "films.jsonl", range(40))
    said = [
        make_task("text_classification", data=data, max_scored=most).scored_from()
        for data, most in [({"test": file}, None), ({"test": file}, 7), (file, None), (file, 5)]
    ]
    assert said == [
        "40 of 40 items of films.jsonl",
        "7 of 40 items of films.jsonl",
        "8 of 8 items of the test part (20 %) cut from films.jsonl",
        "5 of 8 items of the test part (20 %) cut from films.jsonl",
    ]
    embedded = make_task("text_classification", max_scored=100)
    assert re.fullmatch(r"100 of \d{4} items of the embedded test split", embedded.scored_from())


def test_what_needs_training_data_does_not_apply_without(make_task, tmp_path):
    task = make_task("text_classification", data={"test": films(tmp_path / "films.jsonl", range(12)), "train": None})
    assert (len(task.test()), len(task.queries())) == (12, task.query_count)
    for split in (task.train, task.validation):
        with pytest.raises(NotApplicable, match=r"task\.data\.train=FILE"):
            split()
    assert task.samples(3) == task.test()[:3]
    assert make_task("text_classification").samples(3) == make_task("text_classification").train()[:3]


def test_what_trains_gets_the_file_named_for_it(make_task, tmp_path):
    data = {"test": films(tmp_path / "a.jsonl", range(12)), "train": films(tmp_path / "b.jsonl", range(12, 32))}
    task = make_task("text_classification", data=data)
    assert (len(task.test()), len(task.train()), len(task.validation())) == (12, 18, 2)


def test_repeated_texts_are_clusters(make_task, tmp_path):
    data = {"test": films(tmp_path / "films.jsonl", [0, 1, 2, 1, 0, 0]), "train": None}
    assert make_task("text_classification", data=data).clusters() == [0, 1, 2, 1, 0, 0]
    sampled = make_task("text_classification", data=data, max_scored=4)
    assert len(sampled.clusters()) == 4


def test_a_model_of_ones_own_is_told_to_bring_its_data(task):
    with pytest.raises(InputError, match=r"embedded data .* got 'en', .*task\.data=FILE \(its labels: good, bad\)"):
        task.check_model(tiny_bert(labels=["good", "bad"]), character_tokenizer())


class TestWithoutTokenizer:
    """Random weights of a bare architecture: random ids of a fixed length, no score."""

    def test_texts_are_random_ids_of_one_length_all_attended_to(self, make_task, make_setup):
        task = make_task("text_classification", random_tokens=100)
        ids, mask = task.batch(make_setup(task, tiny_bert(), None), task.test()[:2]).values()
        assert ids.shape == (2, 100)
        assert (mask == 1).all()
        # 200 draws from 32 ids miss a given id with a probability of (31/32)^200 = 0.2 %
        assert 25 < len(ids.unique()) <= 32
        assert ids.min() >= 0
        assert ids.max() < 32

    def test_ids_are_drawn_from_the_text(self, task, make_setup):
        setup = make_setup(task, tiny_bert(), None)
        first, second = task.batch(setup, task.test()[:2])["input_ids"]
        assert torch.equal(task.batch(setup, task.test()[1:3])["input_ids"][0], second)
        assert not torch.equal(first, second)

    def test_labels_for_training_are_among_the_models(self, task, make_setup):
        setup = make_setup(task, tiny_bert(labels="ab"), None, phase="training")
        batch = task.training_batch(setup, task.train()[:40])
        assert set(batch["labels"].tolist()) == {0, 1}
        assert torch.isfinite(task.loss(setup.model, batch))

    def test_it_is_accepted_whatever_its_labels_and_not_scored(self, task, make_setup):
        model = tiny_bert(labels="ab")
        assert task.check_model(model, None) is None
        with pytest.raises(NotApplicable, match="without a processor"):
            task.evaluate(make_setup(task, model, None))

    def test_a_model_of_fewer_positions_is_refused(self, task):
        with pytest.raises(InputError, match="64 positions"):
            task.check_model(tiny_bert(positions=64), None)

    def test_no_tokens_are_refused(self, task):
        with pytest.raises(InputError, match=r"task\.random_tokens"):
            dataclasses.replace(task, random_tokens=0)


def test_equal_answers_on_the_scored_items_rule_out_the_margin():
    """A thousand items of the embedded test split come from enough sources for the task's margin."""
    every = items("test")
    chosen = scoring_items.sample(every, 1000, seed=0)
    same = differences_of([1.0] * 1000, [1.0] * 1000, scoring_items.source_numbers(chosen))
    low = mean_difference(same).interval().low
    assert low is not None
    assert -0.02 < low < 0


def test_names_that_few_languages_have_are_test_items_only():
    common = {names["en"].casefold() for names in cldr_names()}
    rare = rare_names()
    assert len(rare) > 300
    assert all(names["en"].casefold() not in common for names in rare)
    assert all(FEWEST_RARE < len(names) <= FEWEST_LANGUAGES for names in rare)
