import numpy as np
import pytest
import torch

from suite.scoring.judge import Judge, frechet_distance


def test_the_judge_names_the_class_whose_images_look_alike():
    dark, bright = torch.full((6, 1, 2, 2), -1.0), torch.full((6, 1, 2, 2), 1.0)
    middle = torch.tensor([0.0, 0.1, -0.1, 0.05, 0.02, -0.02]).view(6, 1, 1, 1).expand(6, 1, 2, 2)
    judge = Judge(torch.cat([dark, middle, bright]), [7] * 6 + [3] * 6 + [5] * 6)
    assert judge.answers(torch.tensor([-0.9, 0.0, 0.95]).view(3, 1, 1, 1).expand(3, 1, 2, 2)) == [7, 3, 5]
    assert judge.features(middle).shape == (6, 3)


def test_the_distance_of_two_gaussians_by_hand():
    # along the first axis: means 0 and 3, variances 4/3 and 16/3; the second axis is the same in both
    first = np.array([[-1.0, 1.0], [1.0, 1.0], [-1.0, -1.0], [1.0, -1.0]])
    second = first * [2.0, 1.0] + [3.0, 0.0]
    apart = 3.0**2 + (np.sqrt(16 / 3) - np.sqrt(4 / 3)) ** 2
    assert frechet_distance(first, second) == pytest.approx(apart)
    assert frechet_distance(first, first) == pytest.approx(0, abs=1e-9)
