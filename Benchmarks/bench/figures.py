"""What is compared, and the goals."""
import dataclasses

from . import costs, jobs


@dataclasses.dataclass(frozen=True)
class Goal:
    """A bound on the ratio to C, or on afprobe's own value."""

    bound: float
    is_upper: bool = True
    is_ratio: bool = True

    def __str__(self):
        return f"{'≤' if self.is_upper else '≥'} {self.bound:g}{'×' if self.is_ratio else ''}"

    def is_met(self, value, ratio):
        figure = ratio if self.is_ratio else value
        return figure is not None and (figure <= self.bound if self.is_upper else figure >= self.bound)


def at_most(ratio):
    return Goal(ratio)


def at_least(ratio):
    return Goal(ratio, is_upper=False)


def never_above(value):
    return Goal(value, is_ratio=False)


@dataclasses.dataclass(frozen=True)
class Figure:
    """One of the values that a run of a job yields; without a goal it explains another."""

    key: str
    title: str
    unit: str
    goal: Goal | None = None


# What a job is compared with: nothing; the C program that does no more than the job takes; and also the one that does with
# each frame what afprobe has to do, against which the goal then is.
NOTHING, BARE, CHECKING = range(3)


@dataclasses.dataclass(frozen=True)
class Job:
    """`needs`: subcommands and options that afprobe must have. `rounds`: how many are worth it, if not all. `shares`: into
    how many shorter ones a round is divided, where it is runs that differ and not the frames of a run."""

    name: str
    run: object
    figures: tuple
    needs: tuple = ()
    baseline: int = BARE
    rounds: int | None = None
    shares: int = 1


def _frame_costs(loop, name, title, needs=(), shortest=1_000, goal=2.0):
    figure = Figure("instructions", f"{title}: user instructions per frame", "", at_most(goal))
    return Job(f"instructions-{name}", costs.instructions(loop, shortest, 3 * shortest), (figure,), needs, CHECKING,
               rounds=1)


def _allocations(loop, name, count):
    figure = Figure("allocations", f"{name}: heap allocations per frame", "", never_above(0))
    return Job(f"allocations-{name}", costs.allocations(loop, count, 3 * count), (figure,), rounds=1)


def _rates(title, goal):
    return Figure("rate", f"{title}: frames/s", "/s", goal), Figure("cpu", f"{title}: CPU per frame", "ns")


def all_jobs(scale, is_full):
    """Everything, at the lengths that a scale gives: 1 takes some minutes, less makes the figures less steady."""

    def many(count):
        return max(1, int(count * scale))

    long = 10_000_000 if is_full else many(1_000_000)
    batch = ("send", "--batch")
    receive = "receive, kernel stamp to userspace, p50, 1,000/s"
    trip = "round trip p50"
    schedule = "schedule error p50 at 1 ms"
    return [
        Job("receive-blocking", jobs.receive_delay(many(500), False),
            (Figure("p50", f"{receive}, blocking", "ns", at_most(1.05)),), baseline=CHECKING, shares=3),
        Job("receive-spinning", jobs.receive_delay(many(500), True),
            (Figure("p50", f"{receive}, spinning", "ns", at_most(1.05)),), (("listen", "--spin"),), CHECKING, shares=3),
        Job("ping-blocking", jobs.round_trips(many(500), jobs.MILLISECOND),
            (Figure("p50", f"{trip}, 1,000/s, blocking", "ns", at_most(1.05)),), baseline=CHECKING, shares=3),
        Job("ping-flat-out", jobs.round_trips(many(30_000), full=True),
            (Figure("p50", f"{trip}, flat out, blocking, with follow-ups", "ns"),
             Figure("time", "flat out, blocking, with follow-ups: time per round trip", "ns")), baseline=CHECKING),
        Job("ping-spinning", jobs.round_trips(many(33_000), spins=True),
            (Figure("p50", f"{trip}, flat out, both sides spinning", "ns", at_most(1.05)),
             Figure("time", "flat out, both sides spinning: time per round trip", "ns")),
            (("listen", "--spin"), ("ping", "--spin")), CHECKING, shares=3),
        Job("send", jobs.send_rate(many(300_000)), _rates("send one by one, every stamp", at_least(0.95))),
        Job("send-batch", jobs.send_rate(many(400_000), batch=64),
            _rates("send in batches of 64, every stamp", at_least(0.95)), (batch,)),
        Job("send-unstamped", jobs.send_rate(many(600_000), batch=64, stamps=False),
            _rates("send in batches of 64, no stamps", at_least(0.95)), (batch, ("send", jobs.UNSTAMPED))),
        Job("receive-flat-out", jobs.receive_rate(many(500_000)),
            (*_rates("receive flat out, a stamp per frame", at_least(0.95)),
             Figure("drops", "receive flat out: frames dropped", "", never_above(0)))),
        Job("receive-ring", jobs.receive_rate(many(2_000_000), by_ring=True),
            (Figure("cpu", "receive through the ring: CPU per frame", "ns", at_most(1.3)),
             Figure("drops", "receive through the ring: frames dropped", "", never_above(0))),
            (("listen", "--ring"),), CHECKING),
        Job("print", jobs.receive_and_print(many(400_000), 5_000),
            (Figure("drops", "print every line at 200,000/s: frames dropped", "", never_above(0)),
             Figure("lines", "print every line at 200,000/s: lines dropped", "", never_above(0))),
            baseline=NOTHING, rounds=3),
        Job("schedule-plain", jobs.schedule_error(many(333)),
            (Figure("p50", f"{schedule}, no option", "ns"),), (("send", "--realtime"),), shares=3),
        Job("schedule-realtime", jobs.schedule_error(many(333), "--realtime"),
            (Figure("p50", f"{schedule}, --realtime", "ns", at_most(1.05)),), (("send", "--realtime"),), shares=3),
        Job("schedule-spinning", jobs.schedule_error(many(333), "--realtime", "--spin"),
            (Figure("p50", f"{schedule}, --realtime --spin", "ns", at_most(1.05)),),
            (("send", "--realtime"), ("send", "--spin")), shares=3),
        Job("start-up", costs.start_up(many(60), lambda program: program.version),
            (Figure("time", "start-up of --version", "ns", at_most(2)),)),
        Job("start-up-hwstamp", costs.start_up(many(60), lambda program: program.hwstamp),
            (Figure("time", "start-up of hwstamp", "ns", at_most(2)),)),
        Job("memory", costs.memory(long),
            (Figure("peak", f"memory after {long:,} frames, MiB", "", never_above(16)),
             Figure("growth", "of it taken after the first tenth, MiB", "", never_above(0.5))), rounds=1),
        _frame_costs(costs.sending, "send", "send one by one"),
        _frame_costs(costs.sending_batches, "send-batch", "send in batches", (batch,), 6_400),
        _frame_costs(costs.receiving, "receive", "receive one by one"),
        _frame_costs(costs.receiving_batches, "receive-batch", "receive flat out", (), 12_800),
        _frame_costs(costs.receiving_ring, "ring", "receive through the ring", (("listen", "--ring"),), 64_000),
        # Beyond what the C program does: steps of the clocks are watched, stamps are checked before they are believed, and
        # the slowest exchanges are kept whole.
        _frame_costs(costs.pinging, "ping", "ping, with follow-ups", (), 5_000, goal=2.75),
        _frame_costs(costs.answering, "answer", "answer, with follow-ups", goal=2.5),
        _allocations(costs.sending, "send", many(50_000)),
        _allocations(costs.receiving_batches, "listen", many(50_000)),
        _allocations(costs.pinging, "ping", many(20_000)),
        _allocations(costs.answering, "answer", many(20_000)),
    ]
