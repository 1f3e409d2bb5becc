"""A judge of generated images: a classifier trained on real images that the generator has not seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch


class Judge:
    """A support vector machine with a Gaussian kernel on pixels; few images suffice to train it."""

    def __init__(self, pixels: torch.Tensor, labels: Sequence[int]) -> None:
        """Trains.

        Args:
            pixels: real images (images, channels, height, width).
            labels: what each shows.
        """
        from sklearn.svm import SVC  # a second of CPU time that other tasks need not pay

        self._classifier: Any = SVC(gamma="scale", C=10.0).fit(_rows(pixels), list(labels))

    def answers(self, pixels: torch.Tensor) -> list[int]:
        """The label that it gives each image."""
        return [int(label) for label in self._classifier.predict(_rows(pixels))]

    def features(self, pixels: torch.Tensor) -> np.ndarray[Any, Any]:
        """Its decision values (images, classes), one a class against all others."""
        return np.asarray(self._classifier.decision_function(_rows(pixels)), dtype=np.float64)


def frechet_distance(first: np.ndarray[Any, Any], second: np.ndarray[Any, Any]) -> float:
    """Squared Fréchet distance of two Gaussians with the means and covariances of the rows of each.

    Heusel et al. 2017, arXiv:1706.08500, equation 6; there of the features of Inception.

    Args:
        first: features (images, features), more images than features.
        second: likewise.
    """
    covariances = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    # The trace of the root of a product of covariances: the roots of its eigenvalues, which are real and not negative.
    roots = np.sqrt(np.maximum(np.linalg.eigvals(covariances[0] @ covariances[1]).real, 0.0)).sum()
    apart = first.mean(axis=0) - second.mean(axis=0)
    return float(apart @ apart + np.trace(covariances[0]) + np.trace(covariances[1]) - 2 * roots)


def _rows(pixels: torch.Tensor) -> np.ndarray[Any, Any]:
    return np.asarray(pixels.detach().float().cpu().flatten(1).numpy(), dtype=np.float64)
