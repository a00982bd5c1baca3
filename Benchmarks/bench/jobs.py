"""The jobs that both programs do. Each returns the figures of one run by their keys; times in nanoseconds."""
import contextlib
import copy
import statistics

from .hosts import Failed

MILLISECOND = 1_000_000


class Program:
    """How to call one of the two programs for a job."""

    def __init__(self, bench, path):
        self.bench, self.path, self.wrapper = bench, path, []
        self.near, self.far = bench.network.near, bench.network.far

    def under(self, *wrapper):
        """The same, run by another program."""
        program = copy.copy(self)
        program.wrapper = wrapper
        return program

    def words(self, job, *options):
        return [*self.wrapper, self.path, job, *options]

    def send(self, *options, **how):
        return self.near.start(*self.words("send", "-i", "eth0", "-d", self.far.address, *options), **how)

    def sent(self, count, **what):
        """Sends flat out, and makes sure that every stamp came that was asked for."""
        result = self.flat_out(count, **what).finish()
        if self.stamps(result) != (count if what.get("stamps", True) else 0):
            raise Failed(f"stamps are missing: {result.output}")
        return result

    @contextlib.contextmanager
    def responder(self, **how):
        process = self.respond(**how)
        process.wait_until_bound()
        try:
            yield process
        finally:
            process.kill()


class Baseline(Program):
    """The jobs in as little C as they take."""

    name, version, hwstamp = "C", ["version"], ["hwstamp", "-i", "eth0"]

    def send_paced(self, count, interval):
        return self.send("-c", count, "-I", interval, "-n", "-m", 0 if interval >= MILLISECOND else interval)

    def send_flood(self, count):
        return self.send("-c", count, "-n", "-b", 64)

    def flat_out(self, count, size=60, batch=1, stamps=True, **how):
        return self.send("-c", count, "-s", size, "-b", batch, *([] if stamps else ["-n"]), **how)

    def stamps(self, result):
        return result.values()["stamped"] - result.values()["mismatched"]

    def listen(self, *, count=0, spins=False, batch=64, is_quiet=True, **how):
        options = ["-i", "eth0", "-c", count, "-b", batch]
        options += (["-S"] if spins else []) + (["-q"] if is_quiet else [])
        return self.far.start(*self.words("receive", *options), **how)

    def listen_ring(self, count=0):
        return self.far.start(*self.words("ring", "-i", "eth0", "-c", count))

    def received(self, result):
        values = result.values()
        return {"frames": values["probes"], "drops": values["drops"]}

    def delays(self, count, spins):
        listener = self.listen(count=count, spins=spins, batch=1, is_quiet=False)
        return listener, lambda result: result.values()["delay_p50"]

    def respond(self, spins=False, full=False, **how):
        options = (["-S"] if spins else []) + (["-f"] if full else [])
        return self.far.start(*self.words("echo", "-i", "eth0", *options), **how)

    def ping(self, count, interval=0, spins=False, counts_only=False, **how):
        options = ["-i", "eth0", "-d", self.far.address, "-c", count, "-I", interval, "-s", 150]
        options += (["-S"] if spins else []) + (["-q"] if counts_only else [])
        return self.near.start(*self.words("ping", *options), **how)

    def pinged(self, result):
        values = result.values()
        stamped = values["received"] - values["unstamped"]
        return {"received": stamped, "p50": values["rtt_p50"], "elapsed": values["elapsed"]}

    def schedule_error(self, count, options):
        real_time = ["-r", 50] if "--realtime" in options else []
        margin = ["-m", 150_000] if "--spin" in options else []
        words = ["-i", "eth0", "-d", self.far.address, "-c", count, "-I", MILLISECOND, *real_time, *margin]
        return self.near.run(*self.words("schedule", *words)).values()["error_p50"]


class CheckingBaseline(Baseline):
    """The same jobs in C with all that afprobe has to do with a frame: what it would be, written in C."""

    name = "C, checking"

    def words(self, job, *options):
        return super().words(job, *options, "-k")


class Afprobe(Program):
    name, version, hwstamp = "afprobe", ["--version"], ["hwstamp", "eth0"]

    def flat_out(self, count, size=60, batch=1, stamps=True, **how):
        options = ["--batch", batch] if batch > 1 else []
        options += [] if stamps else [UNSTAMPED]
        return self.send("-c", count, "-I", 0, "-q", "-s", size, *options, **how)

    def stamps(self, result):
        summary = result.summary("TX")
        return summary["stamped_software"] - summary["mismatched"]

    def listen(self, *, count=0, spins=False, batch=64, is_quiet=True, **how):
        options = ["-i", "eth0", "--no-reply"] + (["-q"] if is_quiet else [])
        # A deadline, for those frames of the count that are dropped.
        options += (["-c", count, "-w", 60] if count else []) + (["--spin"] if spins else [])
        return self.far.start(*self.words("listen", *options), **how)

    def listen_ring(self, count=0):
        options = ["-i", "eth0", "--no-reply", "-q", "--ring"] + (["-c", count] if count else [])
        return self.far.start(*self.words("listen", *options))

    def received(self, result):
        summary = result.summary("RX")
        return {"frames": summary["probes"], "drops": summary["drops"], "lines_dropped": summary["lines_dropped"]}

    def delays(self, count, spins):
        def middle(result):
            lines = result.lines("RX Recvmsg")
            return statistics.median_low(line["userspace_ns"] - line["software_ns"] for line in lines)

        return self.listen(count=count, spins=spins, is_quiet=False), middle

    def respond(self, spins=False, full=False, **how):
        options = ["-i", "eth0", "-q", "--reply-limit", 1_000_000_000] + (["--spin"] if spins else [])
        return self.far.start(*self.words("listen", *options), **how)

    def ping(self, count, interval=0, spins=False, counts_only=False, **how):
        options = ["-i", "eth0", self.far.address, "-q", "-c", count, "-I", f"{interval}ns", "-W", 10]
        return self.near.start(*self.words("ping", *options, *(["--spin"] if spins else [])), **how)

    def pinged(self, result):
        summary = result.summary("PING")
        if summary["rtt_clock"] != "software":
            raise Failed(f"the round trips are not those of software stamps: {result.output}")
        return {"received": summary["received"], "p50": summary["rtt_p50_ns"], "elapsed": summary["elapsed_ns"]}

    def schedule_error(self, count, options):
        words = ["-c", count, "-I", f"{MILLISECOND}ns", "-q", *options]
        return self.send(*words).finish().summary("TX")["schedule_error_p50_ns"]


# The option by which `send` asks for no stamps.
UNSTAMPED = "--no-stamps"


def send_rate(count, **how):
    """Sends flat out."""

    def run(program):
        result = program.sent(count, **how)
        return {"rate": count / result.elapsed, "cpu": result.cpu / count * 1e9}

    return run


def receive_delay(count, spins):
    """The sender is the same for both."""

    def run(program):
        listener, middle = program.delays(count, spins)
        listener.wait_until_bound()
        program.bench.baseline.send_paced(count, MILLISECOND).finish()
        return {"p50": middle(listener.finish())}

    return run


def receive_rate(count, by_ring=False):
    """What is received while the same sender sends flat out."""

    def run(program):
        listener = program.listen_ring() if by_ring else program.listen()
        listener.wait_until_bound()
        sent = program.bench.baseline.send_flood(count).finish().values()
        result = listener.interrupt()
        taken = program.received(result)
        rate = taken["frames"] / sent["elapsed"] * 1e9
        return {"rate": rate, "drops": taken["drops"], "cpu": result.cpu / max(taken["frames"], 1) * 1e9}

    return run


def receive_and_print(count, interval):
    """Frames that are lost on the way to a program that prints every one to a file, and lines on the way out."""

    def run(program):
        listener = program.listen(count=count, is_quiet=False)
        listener.wait_until_bound()
        program.bench.baseline.send_paced(count, interval).finish()
        result = listener.finish()
        taken = program.received(result)
        lines = result.output.count(' msg="RX Recvmsg" ')
        if lines + taken["drops"] + taken["lines_dropped"] < count:
            raise Failed(f"{lines} lines of {count} frames, and nothing tells why")
        return {"drops": taken["drops"], "lines": taken["lines_dropped"]}

    return run


def round_trips(count, interval=0, spins=False, full=False):
    def run(program):
        with program.responder(spins=spins, full=full):
            measured = program.pinged(program.ping(count, interval, spins).finish())
        if measured["received"] < count:
            raise Failed(f"{measured['received']} replies to {count} requests")
        return {"p50": measured["p50"], "time": measured["elapsed"] / count}

    return run


def schedule_error(count, *options):
    def run(program):
        return {"p50": program.schedule_error(count, options)}

    return run
