"""Polynomials of one variable by least squares, with Student-t intervals of their coefficients."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from suite.stats.interval import LEVEL, Interval, around, t_quantile


def polynomial(x: Sequence[float], y: Sequence[float], degree: int) -> list[Interval] | None:
    """Coefficients of y ~ c0 + c1 x + …, constant first, which make the squares of relative errors smallest.

    Relative errors, since a figure of energy is about as sure, relative to itself, whether it is small or large.

    Args:
        x: the variable.
        y: above 0.
        degree: at least 1.

    Returns:
        None for no more values than coefficients: nothing would be left to tell how well they fit.
    """
    freedom = len(x) - degree - 1
    if freedom < 1 or len(set(x)) <= degree:
        return None
    scale = max(abs(value) for value in x)
    weights = 1 / np.asarray(y, dtype=float)
    design = np.vander(np.asarray(x, dtype=float) / scale, degree + 1, increasing=True) * weights[:, None]
    found, _, _, _ = np.linalg.lstsq(design, np.ones(len(x)), rcond=None)
    rest = float(np.sum((design @ found - 1) ** 2)) / freedom
    errors = np.sqrt(np.diag(np.linalg.inv(design.T @ design)) * rest)
    reach = t_quantile(LEVEL, freedom)
    units = [scale**power for power in range(degree + 1)]
    return [
        around(float(each) / unit, reach * float(error) / unit)
        for each, error, unit in zip(found, errors, units, strict=True)
    ]


def r_squared(x: Sequence[float], y: Sequence[float]) -> float | None:
    """Share of the variance of ``y`` that a line over ``x`` explains; None where ``y`` or ``x`` never varies."""
    mean_x, mean_y = math.fsum(x) / len(x), math.fsum(y) / len(y)
    square_x = math.fsum((each - mean_x) ** 2 for each in x)
    square_y = math.fsum((each - mean_y) ** 2 for each in y)
    if not square_x or not square_y:
        return None
    both = math.fsum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))
    return both**2 / (square_x * square_y)
