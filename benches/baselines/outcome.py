"""The output columns of a run, from what happened in each tick."""

import numpy as np

# What a baseline records at the end of each tick, in this order.
SERIES = (
    "demand", "online", "seeking", "login_blocked", "supernodes",  # states
    "login_queue",  # right after the requests entered it
    "attach_attempts", "attach_failures", "login_requests", "login_rejections", "login_timeouts", "login_wasted",
    "logins", "restarts",  # counts of the tick
)  # fmt: skip
COUNTS = SERIES[6:]


def outcome(scenario, recorded):
    """The row of a run. `recorded`: array, ticks × SERIES."""
    series = {name: np.asarray(recorded)[:, column] for column, name in enumerate(SERIES)}
    release = scenario.release_tick
    tick_h = scenario.time__tick_s / 3600.0
    demand = series["demand"].astype(float)
    fraction = np.where(demand > 0, series["online"] / np.maximum(demand, 1.0), 1.0)
    baseline = fraction[release - max(1, round(1.0 / tick_h)) : release].mean()
    after = fraction[release:]
    start, length = longest_spell(after < scenario.outage__threshold)
    below = np.flatnonzero(after < scenario.outage__recovered_at)
    recovered = bool(after[-1] >= scenario.outage__recovered_at)
    requests, logins = series["login_requests"][release:].sum(), series["logins"][release:].sum()
    row = {
        "outage": length * tick_h >= scenario.outage__min_duration_h,
        "outage_h": length * tick_h,
        "outage_start_h": start * tick_h if length else None,
        "baseline_online_fraction": baseline,
        "min_online_fraction": after.min(),
        "min_online_at_h": after.argmin() * tick_h,
        "recovered": recovered,
        "recovery_h": (below[-1] * tick_h if len(below) else 0.0) if recovered else None,
        "lost_client_h": np.maximum(0.0, baseline * demand - series["online"])[release:].sum() * tick_h,
    }
    row |= {name: series[name].sum() for name in COUNTS}
    row |= {
        "requests_per_login": requests / logins if logins else None,
        "min_supernodes": series["supernodes"][release:].min(),
        "peak_login_queue": series["login_queue"][release:].max(),
        "peak_login_rate_per_s": series["login_requests"][release:].max() / scenario.time__tick_s,
        "supernode_blocked_client_h": series["seeking"][release:].sum() * tick_h,
        "login_blocked_client_h": series["login_blocked"][release:].sum() * tick_h,
        "demand_peak": series["demand"][release:].max(),
        "ticks": scenario.ticks,
    }
    return {name: value.item() if hasattr(value, "item") else value for name, value in row.items()}


def longest_spell(is_below):
    """Start and length, in ticks, of the longest (the first such) run of `True`."""
    edges = np.diff(np.concatenate(([0], is_below.astype(np.int8), [0])))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    if len(starts) == 0:
        return 0, 0
    longest = (ends - starts).argmax()
    return int(starts[longest]), int((ends - starts)[longest])
