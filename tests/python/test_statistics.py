"""Intervals of what pools cells."""

import numpy as np
import pytest

from critmass.clusters import Clusters, exact_interval


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


def test_an_exact_interval_is_that_of_clopper_and_pearson():
    """3 of 10 as in tables of the binomial law (Clopper and Pearson 1934); the ends of 0 and all are closed forms."""
    assert exact_interval(3, 10) == pytest.approx((0.0667, 0.6525), abs=5e-5)
    assert exact_interval(0, 20) == pytest.approx((0.0, 1 - 0.025 ** (1 / 20)))
    assert exact_interval(20, 20) == pytest.approx((0.025 ** (1 / 20), 1.0))
    assert exact_interval(0, 0) == (0.0, 1.0)
