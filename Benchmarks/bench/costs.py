"""What a program costs beside time: instructions, heap allocations, memory, its start."""
import os
import re
import shutil
import statistics
import time

from .hosts import Failed

CALLGRIND = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]


# Every loop that has a cost per frame: starts the program in it for a number of frames, and returns the process once
# all have passed. `how` is the environment of the process, and of no other.


def sending(program, count, **how):
    return program.flat_out(count, **how)


def sending_batches(program, count, **how):
    return program.flat_out(count, batch=64, **how)


def _receiving(listener, sender):
    """A listener that ends by itself, for its sender may be faster than it."""
    listener.wait_until_bound()
    sending = sender()
    listener.finish()
    sending.kill()
    return listener


def receiving(program, count, **how):
    """One by one: the next frame comes when this one has long been taken."""
    listener = program.listen(count=count, batch=1, **how)
    return _receiving(listener, lambda: program.bench.baseline.send_paced(0, 200_000))


def receiving_batches(program, count, **how):
    return _receiving(program.listen(count=count, **how), lambda: program.bench.baseline.send_flood(0))


def receiving_ring(program, count):
    return _receiving(program.listen_ring(count), lambda: program.bench.baseline.send_flood(0))


def pinging(program, count, **how):
    with program.under().responder(full=True):
        process = program.ping(count, counts_only=True, **how)
        process.finish()
    return process


def answering(program, count, **how):
    with program.responder(full=True, **how) as process:
        program.under().ping(count, counts_only=True).finish()
        process.interrupt()
    return process


def instructions(loop, fewer, more):
    """User instructions per frame. The difference of two lengths leaves start and end out."""

    def run(program):
        counts = []
        for count in (fewer, more):
            errors = loop(program.under(*CALLGRIND), count).finish().errors
            found = re.search(r"Collected : (\d+)", errors)
            if not found:
                raise Failed(f"valgrind does not tell: {errors}")
            counts.append(int(found[1]))
        return {"instructions": (counts[1] - counts[0]) / (more - fewer)}

    return run


def allocations(loop, fewer, more):
    """Heap allocations per frame, likewise."""

    def run(program):
        counts = []
        for count in (fewer, more):
            report = f"{program.bench.folder}/allocations"
            loop(program, count, LD_PRELOAD=program.bench.counter, ALLOCATIONS=report).finish()
            with open(report, encoding="utf-8") as file:
                counts.append(int(file.read().split("=")[1]))
            os.remove(report)
        # Plus zero, for a small number below it is rounded to one with a sign.
        return {"allocations": round((counts[1] - counts[0]) / (more - fewer), 3) + 0.0}

    return run


def memory(count):
    """The most memory that a sender has had, in MiB, and how much of it came after its start."""

    def run(program):
        process = program.flat_out(count)
        peaks = []
        while not process.has_ended():
            peaks.append(process.peak_memory() / 2**20)
            time.sleep(0.05)
        settled = peaks[len(peaks) // 10]
        return {"peak": max(peaks), "growth": max(peaks) - settled}

    return run


def start_up(times, words):
    """From the start of a program to its end. `words`: what a program is told, so that it ends at once."""

    def run(program):
        # A copy made now: how a file lies in the page cache, which depends on its past, is a tenth of a start.
        path = shutil.copy(shutil.which(program.path), f"{program.bench.folder}/{os.path.basename(program.path)}-started")
        command = [path, *words(program)]
        quiet = [(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)]
        samples = []
        with program.near.entered():
            for _ in range(times):
                begin = time.monotonic_ns()
                pid = os.posix_spawn(command[0], command, os.environ, file_actions=quiet)
                if os.waitpid(pid, 0)[1] != 0:
                    raise Failed(f"{' '.join(command)} fails")
                samples.append(time.monotonic_ns() - begin)
        return {"time": statistics.median(samples)}

    return run
