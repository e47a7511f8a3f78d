"""The model vectorized with NumPy: arrays over all clients, and no Python loop over them.

    python run.py numpy population.clients=100_000 updates.synchronization=0.6 seed=1

Each phase of a tick takes the clients that it concerns as an array of indices. Who waits for something (the end of a
boot, a retry) stands in a ring of buckets, one for each of the next ticks, as an entry with the client's stamp; whoever
interrupts a client raises its stamp, which makes the entry void. Sessions are memoryless: each tick draws whose ends
and whose begins. The attempts of a tick, which compete for slots one after another, are settled in a few rounds over
all of them at once (see `settle`).
"""

import math

import numpy as np

from outcome import COUNTS, SERIES, outcome
from scenario import draw_clients

ABSENT, BOOTING, SEEKING, WAITING, BACKOFF, ONLINE, SUPERNODE = range(7)


class Ring:
    """Buckets of entries for the next ticks. An entry whose time is beyond the ring is looked at once on the way."""

    def __init__(self, ticks):
        self.entries = np.empty((ticks, 16), np.int64)
        self.fill = np.zeros(ticks, np.int64)

    def add(self, entries, delays, now):
        """Puts each entry into the bucket of tick `now` + delay, delay ≥ 1."""
        ticks, room = self.entries.shape
        bucket = (now + np.minimum(delays, ticks - 1)) % ticks
        order = np.argsort(bucket, kind="stable")
        bucket = bucket[order]
        added = np.bincount(bucket, minlength=ticks)
        place = np.arange(len(bucket)) - (np.cumsum(added) - added)[bucket] + self.fill[bucket]
        self.fill += added
        if (needed := self.fill.max()) > room:
            self.entries = np.concatenate([self.entries, np.empty((ticks, needed), np.int64)], axis=1)
        self.entries[bucket, place] = entries[order]

    def take(self, now):
        bucket = now % len(self.fill)
        entries = self.entries[bucket, : self.fill[bucket]].copy()
        self.fill[bucket] = 0
        return entries


def ranks(groups):
    """The place of each element among those of the same group, in their order."""
    order = np.argsort(groups, kind="stable")
    ordered = groups[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    places = np.arange(len(groups))
    places -= np.repeat(starts, np.diff(np.append(starts, len(groups))))
    result = np.empty_like(places)
    result[order] = places
    return result


def settle(probed, room):
    """Who gets a slot, if clients come in the order of the rows and each takes the first of its addresses with room.

    `probed`: clients × probes, addresses; `room`: clients that each live super node can take. Addresses beyond `room`
    are stale. Gives the address that takes each client, or −1.

    Clients who come one after another are a matching in which all super nodes prefer the same, earlier, clients. It is
    the only stable one, so that deferred acceptance finds it: in each round everybody asks at his next address, each
    super node keeps the earliest askers, and who is sent away goes on.
    """
    usable = np.append(room, 0)[np.minimum(probed, len(room))] > 0
    taken_by = np.full(len(probed), -1)
    asking = np.flatnonzero(usable.any(axis=1))
    first = probed[asking, usable[asking].argmax(axis=1)]
    if (np.bincount(first, minlength=len(room)) <= room).all():
        # Nearly always: nobody is sent away.
        taken_by[asking] = first
        return taken_by
    # Usable addresses first, in their order, then −1.
    order = np.argsort(~usable[asking], axis=1, kind="stable")
    lists = np.full((len(asking), probed.shape[1] + 1), -1)
    lists[:, :-1] = np.take_along_axis(np.where(usable, probed, -1)[asking], order, axis=1)
    at = np.zeros(len(asking), np.int64)
    while True:
        wish = lists[np.arange(len(asking)), at]
        holding = np.flatnonzero(wish >= 0)
        refused = holding[ranks(wish[holding]) >= room[wish[holding]]]
        if len(refused) == 0:
            taken_by[asking] = wish
            return taken_by
        at[refused] += 1


class Model:
    """A prepared run: `Model(scenario, seed)` builds the population, `run()` gives the row."""

    def __init__(self, scenario, seed):
        self.scenario = scenario
        self.rng = rng = np.random.default_rng(seed)
        region, eligible, present, restart_tick = draw_clients(scenario, rng)
        # The eligible ones first: the clients are exchangeable otherwise, and who can be promoted is a slice.
        order = np.argsort(~eligible, kind="stable")
        self.region, present, restart_tick = region[order], present[order], restart_tick[order]
        n, self.n_eligible = len(order), int(eligible.sum())
        rows = self.n_eligible
        self.state = np.zeros(n, np.uint8)
        self.failures = np.zeros(n, np.uint8)  # in a row, at most the number of backoffs
        self.stamp = np.zeros(n, np.uint32)
        self.supernode = np.full(n, -1, np.int32)  # the row that a client hangs on, or that it is
        self.place = np.full(n, -1, np.int32)  # among that row's children
        self.counts = np.bincount(self.state, minlength=7)  # clients in each state
        self.children = np.full((rows, scenario.overlay__slots), -1, np.int32)
        self.n_children = np.zeros(rows, np.int64)
        self.live = np.empty(0, np.int64)  # rows of the live super nodes
        self.free_rows = np.arange(rows)[::-1].copy()
        self.n_free_rows = rows
        self.deaths = np.zeros(scenario.ticks, np.int64)
        self.backoffs = scenario.backoff_ticks()
        self.ring = Ring(max(256, math.ceil(self.backoffs.max()) + 2))
        self.due = np.zeros(n, np.int32)
        self.queue = np.empty(scenario.login_queue_limit, np.int64)
        self.head = self.tail = 0
        self.attempting = []  # arrays of clients who attempt in this tick
        self.flows = dict.fromkeys(COUNTS, 0)
        restarting = np.flatnonzero(restart_tick < scenario.ticks)
        self.restarting = restarting[np.argsort(restart_tick[restarting], kind="stable")]
        self.restart_offsets = np.searchsorted(restart_tick[self.restarting], np.arange(scenario.ticks + 1))
        self.set_up_overlay(present)

    def set_up_overlay(self, present):
        """Super nodes first; the others, who come in random order, find a slot or are Seeking."""
        could_serve = np.flatnonzero(present[: self.n_eligible])
        wanted = min(int(self.scenario.overlay__supernode_ratio * present.sum()), len(could_serve))
        owners = self.rng.choice(could_serve, wanted, replace=False)
        self.change(np.flatnonzero(present), SEEKING)
        self.promote(owners)
        others = self.rng.permutation(np.flatnonzero(self.state == SEEKING))
        while len(others) and len(open_rows := self.live[self.n_children[self.live] < self.scenario.overlay__slots]):
            # One after another, until somebody finds the row full that he drew from those open at the start; he and
            # those after him draw again.
            row = self.rng.choice(open_rows, len(others))
            full = np.flatnonzero(self.n_children[row] + ranks(row) >= self.scenario.overlay__slots)
            placed = full[0] if len(full) else len(others)
            self.attach(others[:placed], row[:placed])
            self.change(others[:placed], ONLINE)
            others = others[placed:]
        self.attempting.append(others)

    # --- states ---

    def change(self, clients, state):
        """Puts clients into another state; each may stand in `clients` once."""
        self.counts -= np.bincount(self.state[clients], minlength=7)
        self.counts[state] += len(clients)
        self.state[clients] = state

    def entries_of(self, clients):
        return (self.stamp[clients].astype(np.int64) << 32) | clients

    def schedule(self, clients, delays, now):
        if len(clients):
            self.due[clients] = now + delays
            self.ring.add(self.entries_of(clients), delays, now)

    def fail(self, clients, state, now):
        """One more failure: the clients wait for their next attempts or requests."""
        if len(clients):
            failures = np.minimum(self.failures[clients] + 1, len(self.backoffs))
            self.failures[clients] = failures
            self.change(clients, state)
            self.schedule(clients, 1 + (self.rng.random(len(clients)) * self.backoffs[failures - 1]).astype(int), now)

    def attach(self, clients, rows):
        """Gives each client one of the free places of its row."""
        order = np.argsort(rows, kind="stable")
        clients, rows = clients[order], rows[order]
        of_row, starts, taken = np.unique(rows, return_index=True, return_counts=True)
        # The first free places of each row, as many as are taken.
        free = self.children[of_row] < 0
        index, place = np.nonzero(free & (np.cumsum(free, axis=1) <= taken[:, None]))
        self.children[rows, place] = clients
        self.supernode[clients] = rows
        self.place[clients] = place
        self.n_children[of_row] += taken
        self.failures[clients] = 0

    def leave_slots(self, clients):
        rows = self.supernode[clients]
        self.children[rows, self.place[clients]] = -1
        np.subtract.at(self.n_children, rows, 1)

    def promote(self, clients):
        rows = self.free_rows[self.n_free_rows - len(clients) : self.n_free_rows]
        self.n_free_rows -= len(clients)
        self.live = np.concatenate([self.live, rows])
        self.supernode[clients] = rows
        self.change(clients, SUPERNODE)

    def die(self, rows, now):
        """Takes super nodes away. Nobody looks between the phase of a death and phase 4: orphans are made here."""
        orphans = self.children[rows]
        orphans = orphans[orphans >= 0].astype(np.int64)
        self.stamp[orphans] += 1
        self.failures[orphans] = 0
        self.change(orphans, SEEKING)
        keepalive_ticks = self.scenario.overlay__keepalive_s / self.scenario.time__tick_s
        delays = np.maximum(1, np.ceil(self.rng.random(len(orphans)) * keepalive_ticks)).astype(np.int64)
        self.schedule(orphans, delays, now)
        self.children[rows] = -1
        self.n_children[rows] = 0
        self.live = self.live[~np.isin(self.live, rows)]
        self.free_rows[self.n_free_rows : self.n_free_rows + len(rows)] = rows
        self.n_free_rows += len(rows)
        self.deaths[now] += len(rows)

    def interrupt(self, clients, state, now):
        """Clients leave or restart in the middle of whatever they do."""
        before = self.state[clients]
        self.leave_slots(clients[(before >= WAITING) & (before <= ONLINE)])
        self.stamp[clients] += 1
        owners = clients[before == SUPERNODE]
        self.change(clients, state)
        if len(owners):
            self.die(self.supernode[owners], now)

    # --- the phases of a tick, in the order of the model ---

    def restart_clients(self, now):
        clients = self.restarting[self.restart_offsets[now] : self.restart_offsets[now + 1]]
        clients = clients[self.state[clients] > BOOTING]
        if len(clients):
            s = self.scenario
            self.interrupt(clients, BOOTING, now)
            boot_s = self.rng.lognormal(math.log(s.updates__boot_median_s), s.updates__boot_sigma, len(clients))
            self.schedule(clients, np.maximum(1, np.ceil(boot_s / s.time__tick_s)).astype(np.int64), now)
            self.flows["restarts"] += len(clients)

    def draw_some(self, probability):
        """Clients of all states, each with this probability."""
        n = len(self.state)
        return self.rng.choice(n, self.rng.binomial(n, probability), replace=False, shuffle=False)

    def end_sessions(self, now):
        drawn = self.draw_some(self.scenario.end_probability)
        leaving = drawn[self.state[drawn] != ABSENT]
        if len(leaving):
            self.interrupt(leaving, ABSENT, now)

    def begin_sessions(self, probability, most):
        """`probability`: that an absent client comes now, for each region; `most`: the highest of all ticks."""
        drawn = self.draw_some(most)
        drawn = drawn[self.state[drawn] == ABSENT]
        coming = drawn[self.rng.random(len(drawn)) * most < probability[self.region[drawn]]]
        self.seek_now(coming)

    def seek_now(self, clients):
        self.failures[clients] = 0
        self.change(clients, SEEKING)
        self.attempting.append(clients)

    def take_due(self, now):
        """The boots and waits that end in this tick. Gives those who send a login request."""
        entries = self.ring.take(now)
        clients = entries & 0xFFFFFFFF
        clients = clients[self.stamp[clients] == entries >> 32]
        early = self.due[clients] > now
        if early.any():
            self.schedule(clients[early], self.due[clients[early]] - now, now)
            clients = clients[~early]
        state = self.state[clients]
        booted = clients[state == BOOTING]
        if len(booted):
            starts = self.rng.random(len(booted)) < self.scenario.updates__autostart_probability
            self.change(booted[~starts], ABSENT)
            self.seek_now(booted[starts])
        self.attempting.append(clients[state == SEEKING])
        return clients[state == BACKOFF]

    def attach_attempts(self, stale, now):
        """Gives those who are attached now and send a login request."""
        clients = np.concatenate(self.attempting)
        self.attempting = []
        if len(clients) == 0:
            return clients
        self.rng.shuffle(clients)
        self.flows["attach_attempts"] += len(clients)
        # Addresses of live super nodes are places in the list of them; the ones above are stale.
        position = np.full(len(clients), -1)
        if len(self.live):
            probed = self.rng.integers(0, len(self.live) + stale, (len(clients), self.scenario.overlay__probes))
            free = self.scenario.overlay__slots - self.n_children[self.live]
            position = settle(probed, np.minimum(free, self.scenario.accept_limit))
        attached = position >= 0
        self.attach(clients[attached], self.live[position[attached]])
        failed = clients[~attached]
        self.flows["attach_failures"] += len(failed)
        self.fail(failed, SEEKING, now)
        return clients[attached]

    def login_requests(self, clients, now):
        if len(clients) == 0:
            return
        self.rng.shuffle(clients)
        self.flows["login_requests"] += len(clients)
        room = len(self.queue) - (self.tail - self.head)
        admitted, rejected = clients[:room], clients[room:]
        self.change(admitted, WAITING)
        places = np.arange(self.tail, self.tail + len(admitted)) % len(self.queue)
        self.queue[places] = self.entries_of(admitted)
        self.tail += len(admitted)
        self.flows["login_rejections"] += len(rejected)
        self.fail(rejected, BACKOFF, now)

    def waiting_at(self, first, last):
        """The clients of the requests in the places first … last − 1 of the queue who still wait for them."""
        entries = self.queue[np.arange(first, last) % len(self.queue)]
        clients = entries & 0xFFFFFFFF
        return clients[(self.stamp[clients] == entries >> 32) & (self.state[clients] == WAITING)]

    def serve(self, slots):
        served = min(slots, self.tail - self.head)
        if served:
            clients = self.waiting_at(self.head, self.head + served)
            self.head += served
            self.failures[clients] = 0
            self.change(clients, ONLINE)
            self.flows["logins"] += len(clients)
            self.flows["login_wasted"] += served - len(clients)

    def time_out(self, first, last, now):
        if last > max(first, self.head):
            clients = self.waiting_at(max(first, self.head), last)
            self.stamp[clients] += 1
            self.flows["login_timeouts"] += len(clients)
            self.fail(clients, BACKOFF, now)

    def promote_clients(self):
        # M of the model: all that are present but those that boot.
        wanted = self.scenario.overlay__supernode_ratio * (len(self.state) - self.counts[ABSENT] - self.counts[BOOTING])
        missing = wanted - len(self.live)
        if missing <= 0:
            return
        could_serve = self.state[: self.n_eligible] == ONLINE
        n = np.count_nonzero(could_serve)
        promoted = self.rng.binomial(n, min(1.0, missing / max(1, n)) * self.scenario.healing_probability)
        if promoted:
            chosen = self.rng.choice(np.flatnonzero(could_serve), promoted, replace=False, shuffle=False)
            self.leave_slots(chosen)
            self.promote(chosen)

    def run(self):
        s = self.scenario
        recorded = np.zeros((s.ticks, len(SERIES)), np.int64)
        begin_probability = s.begin_probabilities().T.copy()  # ticks × regions
        begin_most = begin_probability.max()
        stale_ticks = s.duration_ticks(s.overlay__stale_ttl_s)
        timeout_ticks = s.duration_ticks(s.login__timeout_s)
        tails = [0]  # of the queue at the start of each tick
        stale, credit = 0, 0.0
        for now in range(s.ticks):
            self.flows = dict.fromkeys(COUNTS, 0)
            self.restart_clients(now)
            self.end_sessions(now)
            self.begin_sessions(begin_probability[now], begin_most)
            returning = self.take_due(now)
            stale += self.deaths[now] - (self.deaths[now - stale_ticks] if now >= stale_ticks else 0)
            attached = self.attach_attempts(stale, now)
            self.login_requests(np.concatenate([attached, returning]), now)
            tails.append(self.tail)
            queue_length = self.tail - self.head
            credit += s.login_capacity_per_tick
            self.serve(math.floor(credit))
            credit -= math.floor(credit)
            if now >= timeout_ticks:
                self.time_out(tails[now - timeout_ticks], tails[now - timeout_ticks + 1], now)
            self.promote_clients()
            absent, _, seeking, waiting, backoff, online, supernodes = self.counts
            demand = len(self.state) - absent
            states = (demand, online + supernodes, seeking, waiting + backoff, len(self.live), queue_length)
            recorded[now] = (*states, *self.flows.values())
        return outcome(s, recorded)
