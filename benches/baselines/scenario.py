"""What the three baselines have in common: the parameters that they know, and the law of the clients' attributes."""

import math
from dataclasses import dataclass, fields

import numpy as np


@dataclass
class Scenario:
    """The parameters of the model that the baselines know, with the defaults of `critmass parameters`.

    A field is a parameter whose name has `__` where the parameter has a dot. What is not here is left out:
    see README.md beside this file.
    """

    population__clients: int = 1_000_000
    population__nat_fraction: float = 0.7
    population__capable_fraction: float = 0.5
    time__tick_s: float = 5.0
    time__horizon_h: float = 48.0
    presence__session_h: float = 6.0
    presence__absence_h: float = 8.0
    presence__daily_amplitude: float = 0.9
    presence__peak_local_h: float = 15.0
    updates__patched_fraction: float = 0.6
    updates__synchronization: float = 0.1
    updates__release_h: float = 12.0
    updates__burst_delay_s: float = 0.0
    updates__burst_width_s: float = 1800.0
    updates__install_local_h: float = 3.0
    updates__detection_window_h: float = 20.0
    updates__daily_install_probability: float = 0.5
    updates__rolling_width_s: float = 3600.0
    updates__boot_median_s: float = 240.0
    updates__boot_sigma: float = 0.5
    updates__autostart_probability: float = 0.95
    overlay__slots: int = 75
    overlay__supernode_ratio: float = 0.02
    overlay__probes: int = 4
    overlay__stale_ttl_s: float = 3600.0
    overlay__keepalive_s: float = 60.0
    overlay__accept_per_s: float = 2.0
    overlay__healing_time_s: float = 1200.0
    login__capacity_per_s_per_million: float = 150.0
    login__queue_limit_s: float = 120.0
    login__timeout_s: float = 60.0
    retry__base_s: float = 15.0
    retry__factor: float = 2.0
    retry__cap_s: float = 600.0
    outage__threshold: float = 0.5
    outage__min_duration_h: float = 1.0
    outage__recovered_at: float = 0.95

    @classmethod
    def from_settings(cls, settings):
        """Takes values by their dotted names, as strings; the rest keeps its default."""
        types = {field.name: field.type for field in fields(cls)}
        values = {}
        for key, value in settings.items():
            name = key.replace(".", "__")
            if name not in types:
                raise SystemExit(f"the baselines have no parameter {key}")
            values[name] = types[name](float(value.replace("_", "")))
        return cls(**values)

    # Regions are part of no comparison: they are always the default ones.
    region_shares = (0.30, 0.50, 0.20)
    region_offsets_h = (-5.0, 1.0, 8.0)

    @property
    def ticks(self):
        return round(self.time__horizon_h * 3600.0 / self.time__tick_s)

    @property
    def release_tick(self):
        return round(self.updates__release_h * 3600.0 / self.time__tick_s)

    def duration_ticks(self, seconds):
        """How many ticks a fixed duration lasts."""
        return max(1, math.ceil(seconds / self.time__tick_s))

    @property
    def accept_limit(self):
        """Clients that a super node accepts in one tick."""
        return max(1, math.floor(self.overlay__accept_per_s * self.time__tick_s))

    @property
    def login_capacity_per_tick(self):
        return self.login__capacity_per_s_per_million * self.population__clients / 1e6 * self.time__tick_s

    @property
    def login_queue_limit(self):
        capacity_per_s = self.login__capacity_per_s_per_million * self.population__clients / 1e6
        return max(1, math.floor(self.login__queue_limit_s * capacity_per_s))

    @property
    def healing_probability(self):
        """Share of the missing super nodes that is promoted in one tick."""
        return -math.expm1(-self.time__tick_s / self.overlay__healing_time_s)

    @property
    def end_probability(self):
        """Probability that a session ends in a tick."""
        return -math.expm1(-self.time__tick_s / 3600.0 / self.presence__session_h)

    def backoff_ticks(self):
        """The longest delay after the first, second … failure in a row, in ticks, not rounded; the last one repeats."""
        delays = [self.retry__base_s]
        while delays[-1] < self.retry__cap_s and self.retry__factor > 1.0:
            delays.append(delays[-1] * self.retry__factor)
        return np.minimum(delays, self.retry__cap_s) / self.time__tick_s

    def hazard_per_h(self, region, hour):
        """Rate at which the absent clients of a region come, at an hour of the simulation."""
        local_h = hour + self.region_offsets_h[region]
        angle = 2.0 * np.pi * (local_h - self.presence__peak_local_h) / 24.0
        return (1.0 + self.presence__daily_amplitude * np.cos(angle)) / self.presence__absence_h

    def begin_probabilities(self):
        """Probability that an absent client comes in a tick: an array, regions × ticks."""
        hours = np.arange(self.ticks) * self.time__tick_s / 3600.0
        hazards = np.stack([self.hazard_per_h(region, hours) for region in range(len(self.region_shares))])
        return -np.expm1(-hazards * self.time__tick_s / 3600.0)

    def present_probability(self, region, steps=1440):
        """Probability to be present at hour 0: the periodic solution of dP/dt = λ(t)(1 − P) − P/session.

        The equation is linear, so one day maps P to α + βP; its fixed point is found with one trajectory from 0 and
        one from 1 (Runge-Kutta of order 4).
        """
        step_h = 24.0 / steps

        def slope(hour, p):
            return self.hazard_per_h(region, hour) * (1.0 - p) - p / self.presence__session_h

        p = np.array([0.0, 1.0])
        for step in range(steps):
            hour = step * step_h
            k1 = slope(hour, p)
            k2 = slope(hour + step_h / 2, p + step_h / 2 * k1)
            k3 = slope(hour + step_h / 2, p + step_h / 2 * k2)
            k4 = slope(hour + step_h, p + step_h * k3)
            p = p + step_h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        return p[0] / (1.0 - (p[1] - p[0]))


def draw_clients(scenario, rng):
    """Draws the attributes of all clients: arrays `region`, `eligible`, `present` (at tick 0) and `restart_tick`.

    `restart_tick` is at or after the horizon for clients that do not restart.
    """
    n = scenario.population__clients
    region = np.searchsorted(np.cumsum(scenario.region_shares)[:-1], rng.random(n), side="right").astype(np.uint8)
    eligible = rng.random(n) < (1.0 - scenario.population__nat_fraction) * scenario.population__capable_fraction
    probabilities = np.array([scenario.present_probability(r) for r in range(len(scenario.region_shares))])
    present = rng.random(n) < probabilities[region]
    restart_tick = np.full(n, scenario.ticks, dtype=np.int32)
    patched = np.flatnonzero(rng.random(n) < scenario.updates__patched_fraction)
    restart_s = draw_restarts_s(scenario, region[patched], rng)
    restart_tick[patched] = np.minimum(restart_s // scenario.time__tick_s, scenario.ticks)
    return region, eligible, present, restart_tick


def draw_restarts_s(scenario, region, rng):
    """The restart times of patched clients, seconds of the simulation."""
    n = len(region)
    burst_s = scenario.updates__release_h * 3600.0 + scenario.updates__burst_delay_s
    burst_s = burst_s + scenario.updates__burst_width_s * rng.random(n)
    detected_h = scenario.updates__release_h + scenario.updates__detection_window_h * rng.random(n)
    offset_h = np.array(scenario.region_offsets_h)[region]
    installed_h = detected_h + (scenario.updates__install_local_h - detected_h - offset_h) % 24.0
    days = rng.geometric(scenario.updates__daily_install_probability, n) - 1
    rolling_s = (installed_h + 24.0 * days) * 3600.0 + scenario.updates__rolling_width_s * rng.random(n)
    return np.where(rng.random(n) < scenario.updates__synchronization, burst_s, rolling_s)
