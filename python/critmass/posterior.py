"""What runs with drawn inputs say of these inputs, given a few numbers that were observed: approximate Bayesian computation.

A run gives summaries, the observation gives the same summaries with standard errors. A run has the weight
exp(−½ Σ ((summary − observed) / (tolerance · error))²). With a tolerance of 1 and errors that are normal this is importance
sampling of the exact posterior (Wilkinson 2013, Stat. Appl. Genet. Mol. Biol. 12:129). Where too few runs come that near,
the tolerance is raised: the posterior is then as a rule wider than the errors alone would make it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def distances(summaries: ArrayLike, observed: ArrayLike, errors: ArrayLike) -> Array:
    """The squared distance of each run (a row of `summaries`) from the observation, in units of its errors."""
    scaled = (np.asarray(summaries, dtype=float) - np.asarray(observed, dtype=float)) / np.asarray(errors, dtype=float)
    return np.asarray((scaled**2).sum(axis=1))


def effective(weights: Array) -> float:
    """How many runs of equal weight say as much (Kish)."""
    return float(weights.sum() ** 2 / (weights**2).sum())


def kernel(distance: Array, tolerance: float) -> Array:
    """The weights of runs at these squared distances, with sum 1."""
    weights = np.exp(-0.5 * (distance - distance.min()) / tolerance**2)
    return np.asarray(weights / weights.sum())


def weigh(distance: Array, at_least: float) -> tuple[Array, float]:
    """The weights of runs at these squared distances, and the tolerance: the least one from 1 on with `at_least` effective
    runs (all of them, where there are fewer)."""
    # At the upper end all runs are as good as each other.
    low, high = 0.0, float(np.log(100 * max(1.0, np.sqrt(distance.max()))))
    if effective(kernel(distance, 1.0)) >= at_least:
        return kernel(distance, 1.0), 1.0
    for _ in range(40):
        middle = (low + high) / 2
        if effective(kernel(distance, float(np.exp(middle)))) >= at_least:
            high = middle
        else:
            low = middle
    return kernel(distance, float(np.exp(high))), float(np.exp(high))


def adjusted(values: Array, summaries: ArrayLike, observed: ArrayLike, errors: ArrayLike, weights: Array) -> Array:
    """The values of an input, shifted to what they would be at the observed summaries.

    The local-linear regression of Beaumont, Zhang and Balding (2002, Genetics 162:2025), with a ridge of one run's weight, so
    that a summary that hardly varies among the runs with weight shifts nothing.
    """
    offsets = (np.asarray(summaries, dtype=float) - np.asarray(observed, dtype=float)) / np.asarray(errors, dtype=float)
    share = weights / weights.sum()
    centred = offsets - share @ offsets
    scatter = (centred * share[:, None]).T @ centred + np.eye(offsets.shape[1]) / effective(weights)
    slopes = np.linalg.solve(scatter, (centred * share[:, None]).T @ (values - share @ values))
    return np.asarray(values - offsets @ slopes)


def quantiles(values: Array, weights: Array, levels: ArrayLike) -> Array:
    """Quantiles of weighted values, along the first axis of `values`."""
    columns = values.reshape(len(values), -1)
    order = np.argsort(columns, axis=0, kind="stable")
    heights = np.cumsum(weights[order], axis=0)
    heights = (heights - 0.5 * weights[order]) / heights[-1]
    found = [np.interp(np.asarray(levels, dtype=float), heights[:, k], columns[order[:, k], k]) for k in range(columns.shape[1])]
    return np.stack(found, axis=-1).reshape(np.shape(levels) + values.shape[1:])


def shares(classes: ArrayLike, weights: Array, names: list[str]) -> Array:
    """The share of the weight that runs of each class have: the probability of each of several explanations."""
    labels = np.asarray(classes)
    return np.asarray([weights[labels == name].sum() for name in names], dtype=float) / float(weights.sum())
