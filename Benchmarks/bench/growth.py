"""How cost grows: with the size of frames, with concurrent pings, with the length of a run."""
import statistics

SIZES = (64, 128, 256, 512, 1024, 1280, 1514)
PINGS = (1, 2, 4, 8)


def _alternate(programs, rounds, run):
    """The medians of what each program's runs yield, by its name."""
    samples = {program.name: [] for program in programs}
    for number in range(rounds):
        for program in programs if number % 2 == 0 else reversed(programs):
            samples[program.name].append(run(program))
    return {name: [statistics.median(column) for column in zip(*rows)] for name, rows in samples.items()}


def _rows(programs, rounds, steps, run):
    for step in steps:
        figures = _alternate(programs, rounds, lambda program, step=step: run(program, step))
        yield step, figures


def by_size(programs, rounds, count):
    def run(program, size):
        result = program.sent(count, size=size)
        return count / result.elapsed, result.cpu / count * 1e9

    return _rows(programs, rounds, SIZES, run)


def by_length(programs, rounds, lengths):
    def run(program, length):
        result = program.sent(length)
        return length / result.elapsed, result.cpu / length * 1e9

    return _rows(programs, rounds, lengths, run)


def by_pings(programs, rounds, count):
    """Round trips a second of them all, the responder's CPU time for each, and what one of them measures (p50)."""

    def run(program, pings):
        share = count // pings
        with program.responder(full=True) as responder:
            processes = [program.ping(share) for _ in range(pings)]
            measured = [program.pinged(process.finish()) for process in processes]
            cpu = responder.interrupt().cpu
        total = sum(one["received"] for one in measured)
        rate = total / max(one["elapsed"] for one in measured) * 1e9
        return rate, cpu / total * 1e9, statistics.median(one["p50"] for one in measured)

    return _rows(programs, rounds, PINGS, run)
