"""The model compiled with Numba: driven by events in buckets, one for each tick.

    python run.py numba population.clients=100_000 updates.synchronization=0.6 seed=1

Clients, super nodes and buckets are in numba_network.py; here are the phases of a tick and the population. Sessions
need no events: they are memoryless, so each tick draws whose ends and whose begins.
"""

import math
from collections import namedtuple

import numpy as np
from numba import njit

from numba_network import (
    ABSENT,
    ATTEMPTING,
    ATTEMPTS,
    BACKOFF,
    BOOTING,
    CANDIDATES,
    CHUNK,
    CLIENT,
    FAILURES,
    FREE_CHUNK,
    FREE_ROWS,
    LIVE,
    LOGINS,
    ONLINE,
    QUEUE_HEAD,
    QUEUE_TAIL,
    REJECTIONS,
    REQUESTING,
    REQUESTS,
    RESTARTS,
    SEEKING,
    SUPERNODE,
    SUPERNODE_ROW,
    TIMEOUTS,
    WAITING,
    WASTED,
    Network,
    attach,
    below,
    change,
    entry_of,
    fail,
    gap,
    interrupt,
    leave_slot,
    normal,
    promote,
    schedule,
    seek_now,
    shuffle,
    uniform,
)
from outcome import SERIES, outcome
from scenario import draw_clients

Parameters = namedtuple(
    "Parameters",
    "ticks slots supernode_ratio probes stale_ticks keepalive_ticks accept_limit healing end_probability "
    "boot_median_ticks boot_sigma autostart capacity queue_limit timeout_ticks",
)


# --- the phases of a tick, in the order of the model ---


@njit(cache=True)
def restart_clients(net, p, restarting, now):
    for client in restarting:
        if net.clients[client].state > BOOTING:
            interrupt(net, client, BOOTING, now, p.keepalive_ticks)
            boot_ticks = max(1, math.ceil(p.boot_median_ticks * math.exp(p.boot_sigma * normal(net.random))))
            schedule(net.counts, net.chunks, net.buckets, entry_of(net.clients, client), now + boot_ticks)
            net.counts[RESTARTS] += 1


@njit(cache=True)
def end_sessions(net, p, now):
    random, clients = net.random, net.clients
    log_complement = math.log1p(-p.end_probability)
    client = gap(random, log_complement) - 1
    while client < len(clients):
        if clients[client].state != ABSENT:
            interrupt(net, client, ABSENT, now, p.keepalive_ticks)
        client += gap(random, log_complement)


@njit(cache=True)
def begin_sessions(net, probability, most):
    """`probability`: that an absent client comes now, for each region; `most`: the highest of all ticks."""
    random, counts, clients, attempting = net.random, net.counts, net.clients, net.attempting
    log_complement = math.log1p(-most)
    client = gap(random, log_complement) - 1
    while client < len(clients):
        c = clients[client]
        if c.state == ABSENT and uniform(random) * most < probability[c.region]:
            c.failures = 0
            seek_now(counts, clients, attempting, client)
        client += gap(random, log_complement)


@njit(cache=True)
def take_due(net, p, now):
    """The boots and waits that end in this tick."""
    random, counts, clients, chunks = net.random, net.counts, net.clients, net.chunks
    attempting, requesting = net.attempting, net.requesting
    chunk, fill = net.buckets[now]
    while chunk >= 0:
        for entry in chunks[chunk, :fill]:
            client = entry & 0xFFFFFFFF
            c = clients[client]
            if c.stamp != entry >> 32:
                continue
            if c.state == BACKOFF:
                requesting[counts[REQUESTING]] = client
                counts[REQUESTING] += 1
            elif c.state == SEEKING:
                attempting[counts[ATTEMPTING]] = client
                counts[ATTEMPTING] += 1
            elif uniform(random) < p.autostart:
                seek_now(counts, clients, attempting, client)
            else:
                counts[BOOTING] -= 1
                counts[ABSENT] += 1
                c.state = ABSENT
        following = chunks[chunk, CHUNK]
        chunks[chunk, CHUNK] = counts[FREE_CHUNK]
        counts[FREE_CHUNK] = chunk
        chunk, fill = following, CHUNK


@njit(cache=True)
def find_supernode(random, supernodes, live, n_live, registered, p, now):
    """Probes addresses of the registry: live super nodes first, then stale ones. Gives the row, or -1."""
    for _ in range(p.probes):
        address = below(random, registered)
        if address < n_live:
            row = live[address]
            supernode = supernodes[row]
            if supernode.accepted_at != now:
                supernode.accepted_at = now
                supernode.accepted = 0
            if supernode.children < p.slots and supernode.accepted < p.accept_limit:
                supernode.accepted += 1
                return row
    return -1


@njit(cache=True)
def attach_attempts(net, p, stale, now):
    random, counts, clients, supernodes = net.random, net.counts, net.clients, net.supernodes
    children, live, requesting = net.children, net.live, net.requesting
    chunks, buckets, backoffs = net.chunks, net.buckets, net.backoffs
    n, n_live = counts[ATTEMPTING], counts[LIVE]
    attempting = net.attempting[:n]
    shuffle(random, attempting, n)
    for client in attempting:
        row = -1
        if n_live + stale > 0:
            row = find_supernode(random, supernodes, live, n_live, n_live + stale, p, now)
        if row >= 0:
            attach(clients, supernodes, children, client, row)
            requesting[counts[REQUESTING]] = client
            counts[REQUESTING] += 1
        else:
            counts[FAILURES] += 1
            fail(random, counts, clients, chunks, buckets, backoffs, client, SEEKING, now)
    counts[ATTEMPTS] = n
    counts[ATTEMPTING] = 0


@njit(cache=True)
def login_requests(net, p, now):
    random, counts, clients, queue = net.random, net.counts, net.clients, net.queue
    chunks, buckets, backoffs = net.chunks, net.buckets, net.backoffs
    n = counts[REQUESTING]
    requesting = net.requesting[:n]
    shuffle(random, requesting, n)
    for client in requesting:
        if counts[QUEUE_TAIL] - counts[QUEUE_HEAD] < p.queue_limit:
            c = clients[client]
            counts[c.state] -= 1
            counts[WAITING] += 1
            c.state = WAITING
            queue[counts[QUEUE_TAIL] % p.queue_limit] = entry_of(clients, client)
            counts[QUEUE_TAIL] += 1
        else:
            counts[REJECTIONS] += 1
            fail(random, counts, clients, chunks, buckets, backoffs, client, BACKOFF, now)
    counts[REQUESTS] = n
    counts[REQUESTING] = 0


@njit(cache=True)
def still_waits(clients, entry):
    c = clients[entry & 0xFFFFFFFF]
    return c.state == WAITING and c.stamp == entry >> 32


@njit(cache=True)
def serve(net, p, slots):
    counts, clients, candidates, candidate_place = net.counts, net.clients, net.candidates, net.candidate_place
    for _ in range(min(slots, counts[QUEUE_TAIL] - counts[QUEUE_HEAD])):
        entry = net.queue[counts[QUEUE_HEAD] % p.queue_limit]
        counts[QUEUE_HEAD] += 1
        if still_waits(clients, entry):
            client = entry & 0xFFFFFFFF
            clients[client].failures = 0
            change(counts, clients, candidates, candidate_place, client, ONLINE)
            counts[LOGINS] += 1
        else:
            counts[WASTED] += 1


@njit(cache=True)
def time_out(net, p, first, last, now):
    """The requests in the places first … last − 1 of the queue are given up, as far as they are still there."""
    random, counts, clients, queue = net.random, net.counts, net.clients, net.queue
    chunks, buckets, backoffs = net.chunks, net.buckets, net.backoffs
    for position in range(max(first, counts[QUEUE_HEAD]), last):
        entry = queue[position % p.queue_limit]
        if still_waits(clients, entry):
            client = entry & 0xFFFFFFFF
            clients[client].stamp += 1
            counts[TIMEOUTS] += 1
            fail(random, counts, clients, chunks, buckets, backoffs, client, BACKOFF, now)


@njit(cache=True)
def promote_clients(net, p):
    counts = net.counts
    eligible = counts[CANDIDATES]
    if eligible == 0:
        return
    # M of the model: all that are present but those that boot.
    wanted = p.supernode_ratio * (len(net.clients) - counts[ABSENT] - counts[BOOTING])
    probability = min(1.0, max(0.0, wanted - counts[LIVE]) / eligible) * p.healing
    if probability <= 0.0:
        return
    # From the back, so that the list may close the gaps.
    log_complement = math.log1p(-probability)
    place = eligible - gap(net.random, log_complement)
    while place >= 0:
        client = net.candidates[place]
        leave_slot(net.clients, net.supernodes, net.children, client)
        promote(net, client)
        place -= gap(net.random, log_complement)


@njit(cache=True)
def simulate(net, p, restarting, restart_offsets, begin_probability, recorded):
    counts = net.counts
    begin_most = begin_probability.max()
    queue_tails = np.zeros(p.ticks + 1, np.int64)  # at the start of each tick
    stale = 0
    credit = 0.0
    for now in range(p.ticks):
        counts[ATTEMPTS : RESTARTS + 1] = 0
        restart_clients(net, p, restarting[restart_offsets[now] : restart_offsets[now + 1]], now)
        end_sessions(net, p, now)
        begin_sessions(net, begin_probability[now], begin_most)
        take_due(net, p, now)
        stale += net.deaths[now]
        if now >= p.stale_ticks:
            stale -= net.deaths[now - p.stale_ticks]
        attach_attempts(net, p, stale, now)
        login_requests(net, p, now)
        queue_tails[now + 1] = counts[QUEUE_TAIL]
        recorded[now, 5] = counts[QUEUE_TAIL] - counts[QUEUE_HEAD]
        credit += p.capacity
        slots = math.floor(credit)
        credit -= slots
        serve(net, p, slots)
        submitted = now - p.timeout_ticks
        if submitted >= 0:
            time_out(net, p, queue_tails[submitted], queue_tails[submitted + 1], now)
        promote_clients(net, p)
        recorded[now, 0] = len(net.clients) - counts[ABSENT]
        recorded[now, 1] = counts[ONLINE] + counts[SUPERNODE]
        recorded[now, 2] = counts[SEEKING]
        recorded[now, 3] = counts[WAITING] + counts[BACKOFF]
        recorded[now, 4] = counts[LIVE]
        recorded[now, 6:] = counts[ATTEMPTS : RESTARTS + 1]


@njit(cache=True)
def set_up_overlay(net, p, owners, others):
    """Super nodes first; the others, who come in random order, find a slot or are Seeking."""
    for client in owners:
        promote(net, client)
    open_rows = net.live[: net.counts[LIVE]].copy()
    n_open = len(open_rows)
    for client in others:
        if n_open > 0:
            i = below(net.random, n_open)
            attach(net.clients, net.supernodes, net.children, client, open_rows[i])
            change(net.counts, net.clients, net.candidates, net.candidate_place, client, ONLINE)
            if net.supernodes[open_rows[i]].children == p.slots:
                n_open -= 1
                open_rows[i] = open_rows[n_open]
        else:
            seek_now(net.counts, net.clients, net.attempting, client)


# --- the population ---


def parameters_of(scenario):
    tick_s = scenario.time__tick_s
    return Parameters(
        ticks=scenario.ticks,
        slots=scenario.overlay__slots,
        supernode_ratio=scenario.overlay__supernode_ratio,
        probes=scenario.overlay__probes,
        stale_ticks=scenario.duration_ticks(scenario.overlay__stale_ttl_s),
        keepalive_ticks=scenario.overlay__keepalive_s / tick_s,
        accept_limit=scenario.accept_limit,
        healing=scenario.healing_probability,
        end_probability=scenario.end_probability,
        boot_median_ticks=scenario.updates__boot_median_s / tick_s,
        boot_sigma=scenario.updates__boot_sigma,
        autostart=scenario.updates__autostart_probability,
        capacity=scenario.login_capacity_per_tick,
        queue_limit=scenario.login_queue_limit,
        timeout_ticks=scenario.duration_ticks(scenario.login__timeout_s),
    )


def empty_network(scenario, rng, region, eligible):
    """All clients absent, no super nodes, nothing scheduled."""
    n, rows, ticks = len(region), int(eligible.sum()), scenario.ticks
    clients = np.zeros(n, CLIENT)
    clients["region"] = region
    clients["eligible"] = eligible
    # A pending event a client, with some room for void ones, and a chunk that is not full for each bucket.
    n_chunks = n // 32 + 2 * ticks
    chunks = np.empty((n_chunks, CHUNK + 1), np.int64)
    chunks[:, CHUNK] = np.arange(1, n_chunks + 1)
    chunks[-1, CHUNK] = -1
    counts = np.zeros(23, np.int64)
    counts[ABSENT], counts[FREE_ROWS] = n, rows
    return Network(
        random=rng.integers(0, 2**64, 4, dtype=np.uint64),
        counts=counts,
        clients=clients,
        candidates=np.empty(rows, np.int32),
        candidate_place=np.empty(n, np.int32),
        supernodes=np.zeros(rows, SUPERNODE_ROW),
        children=np.empty((rows, scenario.overlay__slots), np.int32),
        live=np.empty(rows, np.int32),
        free_rows=np.arange(rows, dtype=np.int32)[::-1].copy(),
        deaths=np.zeros(ticks, np.int64),
        attempting=np.empty(n, np.int32),
        requesting=np.empty(n, np.int32),
        queue=np.empty(scenario.login_queue_limit, np.int64),
        chunks=chunks,
        buckets=np.tile(np.array([-1, CHUNK]), (ticks, 1)),
        backoffs=scenario.backoff_ticks(),
    )


class Model:
    """A prepared run: `Model(scenario, seed)` builds the population, `run()` gives the row."""

    def __init__(self, scenario, seed):
        self.scenario = scenario
        rng = np.random.default_rng(seed)
        region, eligible, present, restart_tick = draw_clients(scenario, rng)
        self.network, self.parameters = empty_network(scenario, rng, region, eligible), parameters_of(scenario)
        could_serve = np.flatnonzero(present & eligible).astype(np.int32)
        wanted = int(scenario.overlay__supernode_ratio * present.sum())
        owners = rng.choice(could_serve, min(wanted, len(could_serve)), replace=False)
        present[owners] = False
        others = rng.permutation(np.flatnonzero(present).astype(np.int32))
        set_up_overlay(self.network, self.parameters, owners, others)
        restarting = np.flatnonzero(restart_tick < scenario.ticks).astype(np.int32)
        self.restarting = restarting[np.argsort(restart_tick[restarting], kind="stable")]
        self.restart_offsets = np.searchsorted(restart_tick[self.restarting], np.arange(scenario.ticks + 1))

    def run(self):
        recorded = np.zeros((self.scenario.ticks, len(SERIES)), np.int64)
        begin_probability = self.scenario.begin_probabilities().T.copy()  # ticks × regions
        simulate(self.network, self.parameters, self.restarting, self.restart_offsets, begin_probability, recorded)
        return outcome(self.scenario, recorded)
