"""Errors of what pools runs of several cells.

Under common random numbers replicate r of every cell sees the same draws of the uncertain inputs. So the errors of
neighbouring cells are one error, and an interval that takes the runs as independent is too narrow, by a factor of several.
What is resampled here are the replicates, each with all its runs (Davison and Hinkley, Bootstrap Methods and their
Application, 1997, section 3.8).
"""

from __future__ import annotations

from math import comb

import numpy as np
from numpy.typing import NDArray

SAMPLES = 1_000
SEED = 2007


class Clusters:
    """The cluster of every run."""

    def __init__(self, cluster: NDArray[np.integer]) -> None:
        numbers, self.index = np.unique(cluster, return_inverse=True)
        self.count = len(numbers)

    def weights(self, samples: int = SAMPLES) -> NDArray[np.float64]:
        """How often each cluster is drawn in each sample; shape (samples, clusters)."""
        generator = np.random.default_rng(SEED)
        return generator.multinomial(self.count, np.full(self.count, 1 / self.count), size=samples).astype(float)

    def totals(self, values: NDArray[np.float64], classes: NDArray[np.integer], count: int) -> NDArray[np.float64]:
        """The sum of the values of each cluster in each class; shape (clusters, classes)."""
        flat = np.bincount(self.index * count + classes, weights=values, minlength=self.count * count)
        return flat.astype(float).reshape(self.count, count)

    def samples(self, values: NDArray[np.float64], classes: NDArray[np.integer], count: int) -> NDArray[np.float64]:
        """The mean of the values in each class, in each bootstrap sample; shape (samples, classes).

        NaN where a sample has no run of the class.
        """
        weights = self.weights()
        sums = weights @ self.totals(values, classes, count)
        sizes = weights @ self.totals(np.ones_like(values), classes, count)
        with np.errstate(invalid="ignore"):
            return sums / sizes

    def shares(
        self, values: NDArray[np.float64], classes: NDArray[np.integer], count: int, confidence: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """The mean of the values in each class with the ends of its interval (percentile method).

        Where a class has one value only, of n clusters, the resampled means do not vary; for a share of 0 or 1 the interval
        is then that of n independent clusters (Clopper and Pearson), which is the best that can be said.
        """
        samples = self.samples(values, classes, count)
        tail = (1 - confidence) / 2
        low, high = np.nanquantile(samples, [tail, 1 - tail], axis=0)
        sizes = self.totals(np.ones_like(values), classes, count)
        means = self.totals(values, classes, count).sum(axis=0) / np.maximum(sizes.sum(axis=0), 1)
        clusters = (sizes > 0).sum(axis=0)
        beyond = tail ** (1 / np.maximum(clusters, 1))
        high = np.where(means == 0, 1 - beyond, high)
        low = np.where(means == 1, beyond, low)
        return means, low, high


def exact_interval(count: int, of: int, confidence: float = 0.95) -> tuple[float, float]:
    """The interval of Clopper and Pearson (1934, Biometrika 26:404) for a share of independent observations.

    Where the observations are runs that share draws, they are not independent: count clusters, or take `Clusters.shares`.
    """
    tail = (1 - confidence) / 2

    def at_least(k: int, p: float) -> float:
        return sum(comb(of, i) * p**i * (1 - p) ** (of - i) for i in range(k, of + 1))

    def solve(k: int, level: float) -> float:
        low, high = 0.0, 1.0
        for _ in range(50):
            middle = (low + high) / 2
            low, high = (middle, high) if at_least(k, middle) < level else (low, middle)
        return (low + high) / 2

    return (solve(count, tail) if count else 0.0), (solve(count + 1, 1 - tail) if count < of else 1.0)
