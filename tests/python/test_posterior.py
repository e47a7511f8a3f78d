"""Posteriors from weighted runs, where they are known."""

import numpy as np
import pytest

from critmass import posterior


def toy(runs, seed=1):
    """An input with a standard normal prior, seen with the factors 1 and 2."""
    inputs = np.random.default_rng(seed).standard_normal(runs)
    return inputs, np.column_stack([inputs, 2 * inputs])


def test_with_a_tolerance_of_one_it_is_the_exact_posterior():
    inputs, summaries = toy(200_000)
    errors, observed = np.array([0.5, 1.0]), np.array([0.6, 1.6])
    weights, tolerance = posterior.weigh(posterior.distances(summaries, observed, errors), 100)
    precision = 1 + 1 / 0.5**2 + 4 / 1.0**2
    mean = (0.6 / 0.5**2 + 2 * 1.6 / 1.0**2) / precision
    assert tolerance == 1.0
    # Five standard errors of the mean of as many runs as the weights are worth.
    error = 5 / np.sqrt(precision * posterior.effective(weights))
    assert weights @ inputs == pytest.approx(mean, abs=error)
    low, middle, high = posterior.quantiles(inputs, weights, [0.05, 0.5, 0.95])
    assert middle == pytest.approx(mean, abs=error * 1.26)
    assert high - low == pytest.approx(2 * 1.645 / np.sqrt(precision), abs=4 * error)


def test_where_few_runs_come_near_the_tolerance_rises_until_enough_do():
    inputs, summaries = toy(2_000)
    distance = posterior.distances(summaries, [0.5, 1.0], [0.001, 0.001])
    weights, tolerance = posterior.weigh(distance, 50)
    assert tolerance > 1
    assert posterior.effective(weights) == pytest.approx(50, abs=0.01)
    assert posterior.effective(posterior.kernel(distance, tolerance / 1.01)) < 50
    # More cannot be had than there are.
    weights, tolerance = posterior.weigh(distance[:5], 50)
    assert np.allclose(weights, 0.2, atol=1e-3)


def test_the_adjustment_takes_out_what_the_tolerance_adds():
    inputs, summaries = toy(5_000)
    observed, errors = np.array([0.5, 1.0]), np.array([0.1, 0.1])
    weights = posterior.kernel(posterior.distances(summaries, observed, errors), 5.0)
    raw = np.sqrt(weights @ (inputs - weights @ inputs) ** 2)
    adjusted = posterior.adjusted(inputs, summaries, observed, errors, weights)
    assert np.sqrt(weights @ (adjusted - weights @ adjusted) ** 2) < 0.1 * raw
    assert weights @ adjusted == pytest.approx(0.5, abs=0.02)


def test_a_summary_that_does_not_vary_shifts_nothing():
    inputs, summaries = toy(500)
    constant = np.column_stack([np.full(500, 3.0)])
    weights = np.full(500, 1 / 500)
    assert np.array_equal(posterior.adjusted(inputs, constant, [9.0], [1.0], weights), inputs)


def test_shares_are_those_of_the_weight():
    weights = np.array([0.5, 0.25, 0.25])
    assert posterior.shares(["a", "b", "a"], weights, ["a", "b", "c"]).tolist() == [0.75, 0.25, 0.0]


def test_quantiles_of_curves_are_taken_time_by_time():
    curves = np.column_stack([np.arange(101.0), np.arange(101.0)[::-1] * 2])
    assert np.allclose(posterior.quantiles(curves, np.full(101, 1.0), [0.25, 0.5]), [[24.75, 49.5], [50.0, 100.0]], atol=0.5)
