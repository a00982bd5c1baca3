"""What Debian's packages have, each on the job that it does."""
import re

from . import jobs
from .figures import Figure, Job, at_least, at_most
from .hosts import Failed


class Peer:
    """A tool in the place of the C program."""

    def __init__(self, bench, name):
        self.bench, self.name = bench, name
        self.near, self.far = bench.network.near, bench.network.far


def _pick(run_afprobe, run_peer):
    return lambda program: run_peer(program) if isinstance(program, Peer) else run_afprobe(program)


def _number(pattern, text, words):
    found = re.search(pattern, text)
    if not found:
        raise Failed(f"{words[0]} does not tell: {text}")
    return float(found[1])


def _trafgen(count):
    """As many of afprobe's smallest frames."""

    def run(peer):
        path = f"{peer.bench.folder}/trafgen.cfg"
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"{{ eth(da={peer.far.address}, sa={peer.near.address}, type=0x88b5), fill(0x00, 46) }}\n")
        result = peer.near.run("trafgen", "--in", path, "--out", "eth0", "--num", count, "--cpus", 1, "--no-cpu-stats")
        return {"rate": count / result.elapsed, "cpu": result.cpu / count * 1e9}

    return run


def _tcpdump(count):
    """Takes the frames through its ring and writes them nowhere."""

    def run(peer):
        options = ["-Z", "root", "-n", "-i", "eth0", "-B", 8192, "-w", "/dev/null"]
        capture = peer.far.start("tcpdump", *options, "ether proto 0x88b5")
        capture.wait_until_said("listening on")
        peer.bench.baseline.send_flood(count).finish()
        result = capture.interrupt()
        frames = _number(r"(\d+) packets captured", result.errors, result.words)
        drops = _number(r"(\d+) packets dropped by kernel", result.errors, result.words)
        return {"cpu": result.cpu / frames * 1e9, "drops": drops}

    return run


def _round_trips(count, *words):
    """Their mean, as the tool prints it, of requests that the kernel of the other host answers."""

    def run(peer):
        result = peer.near.run(*words, peer.far.ipv4)
        text = result.output + result.errors
        mean = _number(r"(?:rtt min/avg/max/\S+|min/avg/max) = [\d.]+/([\d.]+)/", text, words)
        return {"mean": mean * 1e6, "cpu": result.cpu / count * 1e9}

    return run


def _afprobe_round_trips(count):
    """Their mean without the responder's part, which is a program's and not the kernel's."""

    def run(program):
        with program.responder():
            result = program.ping(count, jobs.MILLISECOND).finish()
        return {"mean": result.summary("PING")["network_mean_ns"], "cpu": result.cpu / count * 1e9}

    return run


def all_jobs(scale):
    def many(count):
        return max(1, int(count * scale))

    floods, pings = many(1_000_000), many(1000)
    unstamped = (("send", "--batch"), ("send", jobs.UNSTAMPED))
    trips = _afprobe_round_trips(pings)
    figures = (
        Figure("mean", "round trip to the other host's kernel and back, mean, 1,000/s", "ns"),
        Figure("cpu", "the requester's CPU per round trip", "ns"),
    )
    tools = {
        "ping": ("ping", "-n", "-q", "-i", "0.001", "-c", pings),
        "fping": ("fping", "-q", "-p", "1", "-c", pings),
        "arping": ("arping", "-i", "eth0", "-W", "0.001", "-c", pings),
    }
    return [
        ("trafgen", Job("trafgen", _pick(
            jobs.send_rate(floods, batch=64, stamps=False), _trafgen(floods)),
            (Figure("rate", "send flat out, no stamps: frames/s", "/s", at_least(1.0)),
             Figure("cpu", "send flat out, no stamps: CPU per frame", "ns")), unstamped)),
        ("tcpdump", Job("tcpdump", _pick(jobs.receive_rate(floods, by_ring=True), _tcpdump(floods)),
            (Figure("cpu", "receive through the ring: CPU per frame", "ns", at_most(1.5)),
             Figure("drops", "receive through the ring: frames dropped", "")), (("listen", "--ring"),))),
    ] + [(name, Job(name, _pick(trips, _round_trips(pings, *words)), figures)) for name, words in tools.items()]
