"""The model compiled with Numba: driven by events in buckets, one for each tick.

    python run.py numba population.clients=100_000 updates.synchronization=0.6 seed=1

A client is a record of 16 bytes. What it waits for (the end of a boot, a retry) is an entry of 8 bytes in the bucket of
the tick in which it comes due, with the client's stamp; whoever interrupts a client raises its stamp, which makes the
entry void. Sessions need no entries: they are memoryless, so each tick draws whose session ends or begins.

The small functions take each array by itself: Numba counts a reference, atomically, whenever it takes an array out of a
tuple, which would cost as much as the work.
"""

import math
from collections import namedtuple

import numpy as np
from numba import njit, uint64

from outcome import SERIES, outcome
from scenario import draw_clients

# States, and where `counts` holds the clients in each.
ABSENT, BOOTING, SEEKING, WAITING, BACKOFF, ONLINE, SUPERNODE = range(7)
# Where `counts` holds the events of the tick, in the order of outcome.COUNTS.
ATTEMPTS, FAILURES, REQUESTS, REJECTIONS, TIMEOUTS, WASTED, LOGINS, RESTARTS = range(7, 15)
# Where `counts` holds the lengths of the lists of that name, the ends of the queue and the first free chunk.
LIVE, FREE_ROWS, CANDIDATES, ATTEMPTING, REQUESTING, QUEUE_HEAD, QUEUE_TAIL, FREE_CHUNK = range(15, 23)

CLIENT = np.dtype(
    [
        ("state", "u1"),
        ("failures", "u1"),  # in a row, at most the number of backoffs
        ("region", "u1"),
        ("eligible", "u1"),
        ("stamp", "u4"),
        ("supernode", "i4"),  # the row of the super node that it hangs on, or that it is
        ("place", "i4"),  # among that super node's children
    ],
    align=True,
)
SUPERNODE_ROW = np.dtype(
    [("owner", "i4"), ("position", "i4"), ("accepted_at", "i4"), ("children", "u2"), ("accepted", "u2")], align=True
)
CHUNK = 63  # entries of a bucket that lie together; the place after them links to the bucket's next chunk

Parameters = namedtuple(
    "Parameters",
    "ticks slots supernode_ratio probes stale_ticks keepalive_ticks accept_limit healing end_probability "
    "boot_median_ticks boot_sigma autostart capacity queue_limit timeout_ticks",
)
Network = namedtuple(
    "Network",
    "random counts clients candidates candidate_place supernodes children live free_rows deaths "
    "attempting requesting queue chunks buckets backoffs",
)


# --- random numbers: xoshiro256++ ---


@njit(cache=True)
def next_u64(s):
    total = s[0] + s[3]
    result = ((total << uint64(23)) | (total >> uint64(41))) + s[0]
    shifted = s[1] << uint64(17)
    s[2] ^= s[0]
    s[3] ^= s[1]
    s[1] ^= s[2]
    s[0] ^= s[3]
    s[2] ^= shifted
    s[3] = (s[3] << uint64(45)) | (s[3] >> uint64(19))
    return result


@njit(cache=True)
def uniform(s):
    return np.float64(next_u64(s) >> uint64(11)) * (1.0 / 9007199254740992.0)


@njit(cache=True)
def below(s, n):
    return np.int64(((next_u64(s) >> uint64(32)) * uint64(n)) >> uint64(32))


@njit(cache=True)
def gap(s, log_complement):
    """How far it is to the next success of trials with probability 1 − exp(log_complement): ≥ 1."""
    return 1 + np.int64(math.log(1.0 - uniform(s)) / log_complement)


@njit(cache=True)
def normal(s):
    return math.sqrt(-2.0 * math.log(1.0 - uniform(s))) * math.cos(2.0 * math.pi * uniform(s))


@njit(cache=True)
def shuffle(s, values, n):
    for i in range(n - 1, 0, -1):
        j = below(s, i + 1)
        values[i], values[j] = values[j], values[i]


# --- buckets ---


@njit(cache=True)
def entry_of(clients, client):
    return (np.int64(clients[client].stamp) << 32) | client


@njit(cache=True)
def schedule(counts, chunks, buckets, entry, tick):
    if tick >= len(buckets):
        return
    bucket = buckets[tick]
    if bucket[1] == CHUNK:
        chunk = counts[FREE_CHUNK]
        if chunk < 0:
            raise MemoryError("more events are pending than there is room for")
        counts[FREE_CHUNK] = chunks[chunk, CHUNK]
        chunks[chunk, CHUNK] = bucket[0]
        bucket[0] = chunk
        bucket[1] = 0
    chunks[bucket[0], bucket[1]] = entry
    bucket[1] += 1


@njit(cache=True)
def fail(random, counts, clients, chunks, buckets, backoffs, client, state, now):
    """One more failure of a client that is not online: it waits in `state` for its next attempt or request."""
    c = clients[client]
    if c.failures < len(backoffs):
        c.failures += 1
    counts[c.state] -= 1
    counts[state] += 1
    c.state = state
    delay = 1 + np.int64(uniform(random) * backoffs[c.failures - 1])
    schedule(counts, chunks, buckets, entry_of(clients, client), now + delay)


# --- states ---


@njit(cache=True)
def change(counts, clients, candidates, candidate_place, client, state):
    """Puts a client into another state; keeps the list of the candidates, the eligible clients that are Online."""
    c = clients[client]
    counts[c.state] -= 1
    counts[state] += 1
    if c.eligible:
        if c.state == ONLINE:
            counts[CANDIDATES] -= 1
            last = candidates[counts[CANDIDATES]]
            place = candidate_place[client]
            candidates[place] = last
            candidate_place[last] = place
        if state == ONLINE:
            candidates[counts[CANDIDATES]] = client
            candidate_place[client] = counts[CANDIDATES]
            counts[CANDIDATES] += 1
    c.state = state


@njit(cache=True)
def attach(clients, supernodes, children, client, row):
    c = clients[client]
    supernode = supernodes[row]
    c.supernode = row
    c.place = supernode.children
    c.failures = 0
    children[row, supernode.children] = client
    supernode.children += 1


@njit(cache=True)
def leave_slot(clients, supernodes, children, client):
    c = clients[client]
    supernode = supernodes[c.supernode]
    supernode.children -= 1
    last = children[c.supernode, supernode.children]
    children[c.supernode, c.place] = last
    clients[last].place = c.place


@njit(cache=True)
def promote(net, client):
    counts = net.counts
    counts[FREE_ROWS] -= 1
    row = net.free_rows[counts[FREE_ROWS]]
    supernode = net.supernodes[row]
    supernode.owner = client
    supernode.children = 0
    supernode.accepted_at = -1
    supernode.position = counts[LIVE]
    net.live[counts[LIVE]] = row
    counts[LIVE] += 1
    net.clients[client].supernode = row
    change(counts, net.clients, net.candidates, net.candidate_place, client, SUPERNODE)


@njit(cache=True)
def die(net, row, now, keepalive_ticks):
    """Takes a super node away. Nobody looks between the phase of a death and phase 4, so its orphans are made here."""
    random, counts, clients, supernodes = net.random, net.counts, net.clients, net.supernodes
    candidates, candidate_place, chunks, buckets = net.candidates, net.candidate_place, net.chunks, net.buckets
    supernode = supernodes[row]
    for child in net.children[row, : supernode.children]:
        c = clients[child]
        c.stamp += 1
        c.failures = 0
        change(counts, clients, candidates, candidate_place, child, SEEKING)
        delay = max(1, math.ceil(uniform(random) * keepalive_ticks))
        schedule(counts, chunks, buckets, entry_of(clients, child), now + delay)
    counts[LIVE] -= 1
    last = net.live[counts[LIVE]]
    net.live[supernode.position] = last
    supernodes[last].position = supernode.position
    net.free_rows[counts[FREE_ROWS]] = row
    counts[FREE_ROWS] += 1
    net.deaths[now] += 1


@njit(cache=True)
def interrupt(net, client, state, now, keepalive_ticks):
    """A client leaves or restarts in the middle of whatever it does."""
    c = net.clients[client]
    if c.state == SUPERNODE:
        die(net, c.supernode, now, keepalive_ticks)
    elif c.state >= WAITING:
        leave_slot(net.clients, net.supernodes, net.children, client)
    c.stamp += 1
    change(net.counts, net.clients, net.candidates, net.candidate_place, client, state)


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
def seek_now(counts, clients, attempting, client):
    """A client that was absent or booted attempts to attach in this tick."""
    c = clients[client]
    counts[c.state] -= 1
    counts[SEEKING] += 1
    c.state = SEEKING
    c.failures = 0
    attempting[counts[ATTEMPTING]] = client
    counts[ATTEMPTING] += 1


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
        simulate(
            self.network, self.parameters, self.restarting, self.restart_offsets, begin_probability, recorded
        )
        return outcome(self.scenario, recorded)
