"""What the Numba model is made of: clients, super nodes and buckets, and the small functions that change them.

A client is a record of 16 bytes. What it waits for (the end of a boot, a retry) is an entry of 8 bytes in the bucket of
the tick in which it comes due, with the client's stamp; whoever interrupts a client raises its stamp, which makes the
entry void.

The small functions take each array by itself: Numba counts a reference, atomically, whenever it takes an array out of a
tuple, which would cost as much as the work.
"""

import math
from collections import namedtuple

import numpy as np
from numba import njit, uint64

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
