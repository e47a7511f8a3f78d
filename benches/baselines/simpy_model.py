"""The model as processes in SimPy: each client is one; so are the login server, self-healing and the observer.

    python run.py simpy population.clients=10_000 overlay.supernode_ratio=0.04 seed=1

Time is in ticks. What happens within a tick has its place in the fraction behind the tick: restarts at .05, ends of
sessions at .1, attach attempts anywhere between .4 and .5, which puts those of a tick into random order, the login
server at .6, promotions at .7, the observer at .8.
"""

import math
from collections import deque
from random import Random

import numpy as np
import simpy

from outcome import COUNTS, outcome
from scenario import draw_clients

ABSENT, BOOTING, SEEKING, WAITING, BACKOFF, ONLINE = range(6)
RESTARTS_AT, ENDS_AT, ATTEMPTS_FROM, ATTEMPTS_WIDTH = 0.05, 0.1, 0.4, 0.1
LOGIN_AT, PROMOTIONS_AT, OBSERVED_AT = 0.6, 0.7, 0.8
LEFT, RESTARTED, ORPHANED = "left", "restarted", "orphaned"


class SuperNode:
    """A super node: the clients that hang on it, and how many it has accepted in this tick."""

    def __init__(self, network):
        self.network = network
        self.children = {}  # a set that keeps its order, so that a seed gives the same run in the next process
        self.accepted_at = -1
        self.accepted = 0

    def accepts(self, tick):
        if self.accepted_at != tick:
            self.accepted_at = tick
            self.accepted = 0
        if len(self.children) == self.network.slots or self.accepted == self.network.accept_limit:
            return False
        self.accepted += 1
        return True

    def die(self):
        self.network.registry.bury(self)
        orphans, self.children = self.children, {}
        for client in orphans:
            client.process.interrupt(ORPHANED)


class Registry:
    """The addresses that the clients know: a list of the live super nodes, and the number of stale ones."""

    def __init__(self, network):
        self.network = network
        self.live = []
        self.stale = deque()  # the ticks in which they expire

    def add(self, supernode):
        supernode.position = len(self.live)
        self.live.append(supernode)

    def bury(self, supernode):
        last = self.live.pop()
        if last is not supernode:
            self.live[supernode.position] = last
            last.position = supernode.position
        self.stale.append(self.network.tick() + self.network.stale_ticks)

    def find(self):
        """Probes addresses until a super node accepts; `None` if none did."""
        tick, live, draw = self.network.tick(), self.live, self.network.random.random
        while self.stale and self.stale[0] <= tick:
            self.stale.popleft()
        registered = len(live) + len(self.stale)
        if registered:
            for _ in range(self.network.probes):
                address = int(draw() * registered)
                if address < len(live) and live[address].accepts(tick):
                    return live[address]
        return None


class LoginServer:
    """The queue of requests. A request is the client's event, which succeeds with whether the client is logged in."""

    def __init__(self, network):
        self.network = network
        self.arrivals = []
        self.queue = deque()
        self.submitted = deque([[] for _ in range(network.timeout_ticks)])  # those of the last ticks
        self.length = 0  # right after the last requests entered

    def run(self):
        network, flows, env = self.network, self.network.flows, self.network.env
        credit = 0.0
        yield env.timeout(LOGIN_AT)
        while True:
            arrivals, self.arrivals = self.arrivals, []
            network.random.shuffle(arrivals)
            room = max(0, network.queue_limit - len(self.queue))
            admitted = arrivals[:room]
            flows["login_requests"] += len(arrivals)
            flows["login_rejections"] += len(arrivals) - len(admitted)
            for request in arrivals[room:]:
                request.succeed(False)
            self.queue.extend(admitted)
            self.length = len(self.queue)
            credit += network.capacity
            for _ in range(min(math.floor(credit), len(self.queue))):
                self.serve(self.queue.popleft())
            credit -= math.floor(credit)
            self.submitted.append(admitted)
            for request in self.submitted.popleft():
                if not request.triggered and request.client.request is request:
                    flows["login_timeouts"] += 1
                    request.succeed(False)
            yield env.timeout(1)

    def serve(self, request):
        # Whoever was interrupted has forgotten the request; whoever gave it up has been told so.
        if not request.triggered and request.client.request is request:
            self.network.flows["logins"] += 1
            request.succeed(True)
        else:
            self.network.flows["login_wasted"] += 1


class Client:
    """One client and its process."""

    def __init__(self, network, region, eligible, state, restart_tick):
        self.network = network
        self.region = region
        self.eligible = eligible
        self.state = state
        self.session = 0  # counts them
        self.supernode = None  # that it hangs on
        self.serves = None  # the super node that it is
        self.request = None
        self.candidate_place = None
        self.process = network.env.process(self.run())
        if state != ABSENT:
            self.begin_session()
        if restart_tick < network.ticks:
            network.at(restart_tick + RESTARTS_AT, self.restart)

    def set_state(self, state):
        network = self.network
        network.states[self.state] -= 1
        network.states[state] += 1
        if self.eligible and (state == ONLINE) != (self.state == ONLINE):
            if state == ONLINE:
                network.candidates.add(self)
            else:
                network.candidates.discard(self)
        self.state = state

    # Alarms: set once, when their time is known, and void if something else came first.

    def begin_session(self):
        self.session += 1
        session = self.session
        ticks = self.network.duration_ticks(self.network.random.expovariate(1.0 / self.network.session_ticks))
        self.network.at(self.network.tick() + ticks + ENDS_AT, lambda _: self.end_session(session))

    def end_session(self, session):
        if self.session == session and self.state != ABSENT:
            self.process.interrupt(LEFT)

    def restart(self, _):
        if self.state > BOOTING:
            self.network.flows["restarts"] += 1
            self.process.interrupt(RESTARTED)

    # The process.

    def run(self):
        """From the state that the client has at tick 0, whatever comes."""
        step = {ABSENT: self.stay_away, SEEKING: self.seek_first, ONLINE: self.stay_online}[self.state]
        while True:
            try:
                yield from step()
                step = self.get_online
            except simpy.Interrupt as interrupt:
                self.detach()
                if interrupt.cause == LEFT:
                    step = self.stay_away
                elif interrupt.cause == RESTARTED:
                    step = self.boot
                else:
                    step = self.seek_again

    def detach(self):
        self.request = None
        if self.serves is not None:
            self.serves.die()
            self.serves = None
        self.leave_slot()

    def leave_slot(self):
        if self.supernode is not None:
            self.supernode.children.pop(self, None)
            self.supernode = None

    def stay_away(self):
        self.set_state(ABSENT)
        network = self.network
        yield network.until_attempts(network.absence_ticks(self.region))
        self.begin_session()

    def boot(self):
        self.set_state(BOOTING)
        network = self.network
        boot_ticks = network.random.lognormvariate(network.boot_mu, network.boot_sigma)
        yield network.until_attempts(network.duration_ticks(boot_ticks))
        if network.random.random() >= network.autostart:
            yield from self.stay_away()

    def seek_again(self):
        self.set_state(SEEKING)
        delay = self.network.random.random() * self.network.keepalive_ticks
        yield self.network.until_attempts(self.network.duration_ticks(delay))

    def seek_first(self):
        yield self.network.until_attempts(0)

    def get_online(self):
        yield from self.attach()
        yield from self.log_in()
        yield from self.stay_online()

    def attach(self):
        network = self.network
        failures = 0
        self.set_state(SEEKING)
        while True:
            network.flows["attach_attempts"] += 1
            supernode = network.registry.find()
            if supernode is not None:
                break
            failures += 1
            network.flows["attach_failures"] += 1
            yield network.until_attempts(network.backoff_ticks(failures))
        self.hang_on(supernode)

    def hang_on(self, supernode):
        supernode.children[self] = None
        self.supernode = supernode

    def log_in(self):
        network = self.network
        failures = 0
        while True:
            self.set_state(WAITING)
            self.request = network.env.event()
            self.request.client = self
            network.login.arrivals.append(self.request)
            if (yield self.request):
                self.request = None
                return
            failures += 1
            self.set_state(BACKOFF)
            yield network.until_attempts(network.backoff_ticks(failures))

    def stay_online(self):
        self.set_state(ONLINE)
        yield self.network.env.event()


class Candidates:
    """The eligible clients that are online and no super nodes: a list from which some can be drawn at random."""

    def __init__(self):
        self.clients = []

    def __len__(self):
        return len(self.clients)

    def add(self, client):
        client.candidate_place = len(self.clients)
        self.clients.append(client)

    def discard(self, client):
        if client.candidate_place is not None:
            last = self.clients.pop()
            if last is not client:
                self.clients[client.candidate_place] = last
                last.candidate_place = client.candidate_place
            client.candidate_place = None

    def draw(self, random, probability):
        """Each with this probability."""
        drawn = []
        log_complement = math.log1p(-probability)
        place = int(math.log(1.0 - random.random()) / log_complement)
        while place < len(self.clients):
            drawn.append(self.clients[place])
            place += 1 + int(math.log(1.0 - random.random()) / log_complement)
        return drawn


class Network:
    """What the processes share: the environment, the parameters in ticks, and the counts."""

    def __init__(self, scenario, seed):
        s, tick_s = scenario, scenario.time__tick_s
        self.scenario = scenario
        self.env = simpy.Environment()
        self.random = Random(seed)
        self.ticks = s.ticks
        self.slots, self.probes, self.accept_limit = s.overlay__slots, s.overlay__probes, s.accept_limit
        self.supernode_ratio, self.healing = s.overlay__supernode_ratio, s.healing_probability
        self.stale_ticks = s.duration_ticks(s.overlay__stale_ttl_s)
        self.keepalive_ticks = s.overlay__keepalive_s / tick_s
        self.capacity, self.queue_limit = s.login_capacity_per_tick, s.login_queue_limit
        self.timeout_ticks = s.duration_ticks(s.login__timeout_s)
        self.session_ticks = s.presence__session_h * 3600.0 / tick_s
        self.boot_mu, self.boot_sigma = math.log(s.updates__boot_median_s / tick_s), s.updates__boot_sigma
        self.autostart = s.updates__autostart_probability
        self.backoffs = s.backoff_ticks().tolist()
        # Hazards per tick, for the thinning of the arrivals.
        self.hazards = (-np.log1p(-s.begin_probabilities())).tolist()
        self.hazard_most = max(map(max, self.hazards))
        self.states = [0] * 6
        self.flows = dict.fromkeys(COUNTS, 0)
        self.candidates = Candidates()
        self.registry = Registry(self)
        self.login = LoginServer(self)

    def tick(self):
        return int(self.env.now)

    def at(self, time, callback):
        if time < self.ticks:
            self.env.timeout(time - self.env.now).callbacks.append(callback)

    def until_attempts(self, ticks):
        """A time-out that ends among the attach attempts of the tick that comes that many ticks after this one."""
        place = ATTEMPTS_FROM + ATTEMPTS_WIDTH * self.random.random()
        return self.env.timeout(int(self.env.now) + ticks + place - self.env.now)

    def duration_ticks(self, ticks):
        return max(1, math.ceil(ticks))

    def backoff_ticks(self, failures):
        longest = self.backoffs[min(failures, len(self.backoffs)) - 1]
        return max(1, math.ceil(self.random.random() * longest))

    def absence_ticks(self, region):
        """How long an absence lasts that begins now: the first arrival of a Poisson process, by thinning."""
        hazards, tick = self.hazards[region], self.tick()
        time = float(tick)
        while True:
            time += self.random.expovariate(self.hazard_most)
            if time >= self.ticks:
                return self.ticks + 1
            if self.random.random() * self.hazard_most < hazards[int(time)]:
                return max(1, math.ceil(time - tick))

    def heal(self):
        """Self-healing, as a process."""
        yield self.env.timeout(PROMOTIONS_AT)
        while True:
            n = len(self.candidates)
            wanted = self.supernode_ratio * sum(self.states[SEEKING:])
            if n and wanted > len(self.registry.live):
                probability = min(1.0, (wanted - len(self.registry.live)) / n) * self.healing
                for client in self.candidates.draw(self.random, probability):
                    self.promote(client)
            yield self.env.timeout(1)

    def promote(self, client):
        client.leave_slot()
        self.candidates.discard(client)
        client.serves = SuperNode(self)
        self.registry.add(client.serves)

    def observe(self, recorded):
        """The observer, as a process."""
        flows = dict(self.flows)
        yield self.env.timeout(OBSERVED_AT)
        while True:
            absent, _, seeking, waiting, backoff, online = self.states
            demand = sum(self.states) - absent
            counts = [self.flows[name] - flows[name] for name in COUNTS]
            flows = dict(self.flows)
            live = len(self.registry.live)
            recorded.append((demand, online, seeking, waiting + backoff, live, self.login.length, *counts))
            yield self.env.timeout(1)


class Model:
    """A prepared run: `Model(scenario, seed)` builds the population, `run()` gives the row."""

    def __init__(self, scenario, seed):
        self.scenario = scenario
        self.network = network = Network(scenario, seed)
        attributes = draw_clients(scenario, np.random.default_rng(seed))
        region, eligible, present, restart_tick = (attribute.tolist() for attribute in attributes)
        could_serve = [client for client, serves in enumerate(eligible) if serves and present[client]]
        wanted = min(int(scenario.overlay__supernode_ratio * sum(present)), len(could_serve))
        owners = set(network.random.sample(could_serve, wanted))
        others = [client for client in range(len(region)) if present[client] and client not in owners]
        network.random.shuffle(others)
        rooms = [network.slots] * wanted
        open_rows = list(range(wanted))
        rows = {}
        for client in others:
            if open_rows:
                place = int(network.random.random() * len(open_rows))
                rows[client] = row = open_rows[place]
                rooms[row] -= 1
                if rooms[row] == 0:
                    open_rows[place] = open_rows[-1]
                    open_rows.pop()
        clients = []
        for client in range(len(region)):
            online = client in owners or client in rows
            state = ONLINE if online else SEEKING if present[client] else ABSENT
            clients.append(Client(network, region[client], eligible[client], state, restart_tick[client]))
            network.states[state] += 1
            if online and eligible[client]:
                network.candidates.add(clients[-1])
        for client in owners:
            network.promote(clients[client])
        for client, row in rows.items():
            clients[client].hang_on(network.registry.live[row])

    def run(self):
        recorded = []
        network, env = self.network, self.network.env
        for process in (network.login.run(), network.heal(), network.observe(recorded)):
            env.process(process)
        env.run(until=self.scenario.ticks)
        return outcome(self.scenario, recorded)
