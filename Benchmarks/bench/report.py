"""The table on the terminal, and the page that keeps it."""
import datetime
import os
import platform
import re
import subprocess

PAGE_HEAD = """# Results of `make bench`

A run of `Benchmarks/run` replaces the sections that it measured. Nothing but the programs compared runs on their
CPUs. A ratio is the median of the ratios of the rounds; in a round, the programs run one after the other. Delays and
schedule errors differ more between runs than between frames; for them, each round is divided into three shorter ones.

`C` is the program in `baseline/` that does no more than a job takes. `C, checking` is the same with `-k`: it also
does for each frame what afprobe does. It reads all control messages, verifies messages and their check values, finds
the probe of each completion, sends full replies and follow-ups, which afprobe understands, and records figures in
histograms. If a figure is compared with both, the goal is against `C, checking`.
"""


def readable(value, unit):
    if value is None:
        return "–"
    if unit == "ns":
        return f"{value / 1000:,.2f} µs" if value < 1e6 else f"{value / 1e6:,.2f} ms"
    if unit == "/s":
        return f"{value:,.0f}"
    return f"{value:,.0f}" if value == int(value) or value >= 1000 else f"{value:,.2f}"


def table(head, rows, is_left=lambda column: column == 0):
    """A table in Markdown that can be read as it is."""
    cells = [head] + [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]

    def line(row):
        padded = [
            cell.ljust(width) if is_left(column) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths))
        ]
        return "| " + " | ".join(padded) + " |"

    rule = [("-" * width) if is_left(i) else "-" * (width - 1) + ":" for i, width in enumerate(widths)]
    return "\n".join([line(cells[0]), "| " + " | ".join(rule) + " |"] + [line(row) for row in cells[1:]]) + "\n"


def comparison(rows):
    """Of figures, as `Bench.compare` yields them."""
    head = ["figure", "against", "its value", "afprobe", "ratio", "goal", "met"]
    cells = []
    for row in rows:
        figure = row.figure
        ratio = f"{row.ratio:.2f}" if row.ratio is not None else "–"
        met = "–" if figure.goal is None else {True: "yes", False: "no", None: "not yet"}[row.is_met]
        if row.why:
            met = row.why
        cells.append([
            figure.title, row.against, readable(row.other, figure.unit), readable(row.own, figure.unit), ratio,
            str(figure.goal or "–"), met])
    return table(head, cells, lambda column: column in (0, 1, 6))


def growth(step, rows, names, columns):
    """Of rows of (step, values by program's name); `columns`: (title, unit) of the values, the first is compared."""
    head = [step] + [f"{name}: {title}" for title, _ in columns for name in names] + [f"ratio of {columns[0][0]}"]
    cells = []
    for value, figures in rows:
        row = [f"{value:,}"]
        for index, (_, unit) in enumerate(columns):
            row += [readable(figures[name][index], unit) for name in names]
        row.append(f"{figures[names[-1]][0] / figures[names[0]][0]:.2f}")
        cells.append(row)
    return table(head, cells, lambda column: False)


def _first_line(*words):
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        return (done.stdout or done.stderr).splitlines()[0].strip()
    except (OSError, IndexError):
        return "not installed"


def machine(cpus, rounds, commit):
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = re.search(r"model name\s*: (.*)", file.read())
    load = os.getloadavg()[0]
    facts = [
        ("date", datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")),
        ("afprobe", commit),
        ("CPU", f"{model[1] if model else platform.processor()}, {os.cpu_count()} cores; "
                f"near host on CPU {cpus[0]}, far host on CPU {cpus[1]}"),
        ("kernel", platform.release()),
        ("Swift", _first_line("swift", "--version")),
        ("C", _first_line("cc", "--version") + ", -O2"),
        ("rounds", str(rounds)),
        ("load before", f"{load:.2f}"),
    ]
    return "".join(f"- {name}: {text}\n" for name, text in facts)


def save(path, sections):
    """Replaces sections of the page, by their headings, and keeps the others."""
    kept = {}
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            for part in re.split(r"(?m)^## ", file.read())[1:]:
                heading, _, text = part.partition("\n")
                kept[heading] = text.strip("\n")
    kept.update({heading: text.strip("\n") for heading, text in sections.items()})
    with open(path, "w", encoding="utf-8") as file:
        file.write(PAGE_HEAD)
        for heading, text in kept.items():
            file.write(f"\n## {heading}\n\n{text}\n")
