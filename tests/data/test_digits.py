import numpy as np
from sklearn.datasets import load_digits

from suite.data.digits import digits


def test_the_file_is_read_as_scikit_learn_reads_it():
    theirs = load_digits()
    ours = [item for split in ("train", "validation", "test") for item in digits(split)]
    assert [item["label"] for item in ours] == theirs.target.tolist()
    for item, image in zip(ours, theirs.images, strict=True):
        assert np.abs(np.asarray(item["image"]) * (16 / 255) - image).max() < 0.05
