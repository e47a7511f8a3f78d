"""Intervals of what pools cells, and of differences."""

import math

import numpy as np
import pytest

from critmass.clusters import Clusters
from critmass.comparison import tango


def test_tango_without_a_difference_is_what_can_be_computed_by_hand():
    """With b = c = 0 the ends are ± z²/(n + z²)."""
    z = 1.959963984540054
    for n in (5, 20, 200):
        low, high = tango(0, 0, n, 0.95)
        assert high == pytest.approx(z * z / (n + z * z), abs=1e-9) and low == pytest.approx(-high, abs=1e-9)


def test_tango_of_the_opposite_is_the_opposite():
    low, high = tango(9, 3, 40, 0.9)
    assert tango(3, 9, 40, 0.9) == pytest.approx((-high, -low), abs=1e-9)
    assert low < 6 / 40 < high


@pytest.mark.parametrize(("only_a", "only_b"), [(0.05, 0.05), (0.1, 0.3), (0.0, 0.4), (0.25, 0.25), (0.3, 0.6)])
def test_tango_covers_the_difference(only_a, only_b):
    """All outcomes of twenty pairs, with their probabilities."""
    n, covered = 20, 0.0
    neither = max(1 - only_a - only_b, 0.0)
    for b in range(n + 1):
        for c in range(n + 1 - b):
            ways = math.comb(n, b) * math.comb(n - b, c)
            low, high = tango(b, c, n, 0.95)
            if low <= only_b - only_a <= high:
                covered += ways * only_b**b * only_a**c * neither ** (n - b - c)
    assert covered >= 0.94


def test_pooled_shares_are_as_uncertain_as_the_draws_that_cells_share():
    """Twenty cells see the same 60 draws: an interval for independent runs would be 1/√20 as wide, and cover a third.

    At least 90 % are held here: of 300 fewer than 240 with a probability below 1e-6 at a coverage of 90 %.
    """
    generator, held = np.random.default_rng(5), 0
    for _ in range(300):
        outage = np.tile((generator.random(60) < 0.3).astype(float), 20)
        clusters = Clusters(np.tile(np.arange(60), 20))
        _, low, high = clusters.shares(outage, np.zeros(1200, dtype=int), 1, 0.95)
        held += low[0] <= 0.3 <= high[0]
    assert held >= 240


def test_a_class_without_an_outage_is_known_as_well_as_its_clusters_allow():
    clusters = Clusters(np.tile(np.arange(30), 4))
    mean, low, high = clusters.shares(np.zeros(120), np.zeros(120, dtype=int), 1, 0.95)
    assert (mean[0], low[0]) == (0.0, 0.0)
    assert high[0] == pytest.approx(1 - 0.025 ** (1 / 30))
