"""Two hosts, made of network namespaces joined by a veth pair, and the programs that run in them."""
import contextlib
import ctypes
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

CLONE_NEWNET = 0x40000000
PATIENCE = 180  # seconds until a program that does not end is killed

libc = ctypes.CDLL(None, use_errno=True)


class Failed(Exception):
    """A program did not do what it was started for."""


def enter_network(descriptor):
    if libc.setns(descriptor, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def ip(*words):
    subprocess.run(["ip", *words], check=True)


def _fields(line):
    pairs = re.findall(r'(\w+)=("(?:[^"\\]|\\.)*"|\S+)', line)
    return {key: int(value) if re.fullmatch(r"-?\d+", value) else value.strip('"') for key, value in pairs}


class Result:
    """What a program printed and took: seconds from its start to its end, and of CPU time."""

    def __init__(self, words, status, output, errors, elapsed, usage):
        self.words, self.status, self.output, self.errors, self.elapsed = words, status, output, errors, elapsed
        self.cpu = usage.ru_utime + usage.ru_stime

    def values(self):
        """The numbers of the baseline's line."""
        return {key: int(value) for key, value in (pair.split("=") for pair in self.output.split())}

    def lines(self, message):
        """afprobe's lines of a kind, from logfmt: JSON would have it ask for stamps that cost time."""
        name = f' msg="{message}" '
        return [_fields(line) for line in self.output.splitlines() if name in line]

    def summary(self, kind):
        lines = self.lines(kind + " Summary")
        if not lines:
            raise Failed(f"{' '.join(self.words)}: no summary\n{self.output[-500:]}{self.errors}")
        return lines[-1]


class Process:
    """A program that runs in a host; what it prints goes to files."""

    def __init__(self, words, environment, folder):
        self.words = list(words)
        self.folder = tempfile.mkdtemp(dir=folder)
        path = shutil.which(self.words[0])
        if path is None:
            raise Failed(f"{self.words[0]} is not installed")
        flags = os.O_WRONLY | os.O_CREAT
        files = [(os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0)]
        files += [(os.POSIX_SPAWN_OPEN, 1 + i, f"{self.folder}/{i}", flags, 0o600) for i in (0, 1)]
        self.start = time.monotonic()
        # Nothing of ours runs between this and the program: its CPU time is all its own.
        self.pid = os.posix_spawn(path, self.words, {**os.environ, **environment}, file_actions=files)
        self.result = None

    def wait_until_bound(self):
        """Waits until a packet socket for all protocols is bound in its host, which no other program there has."""
        self._wait_until(lambda: " 0003 " in self._read(f"/proc/{self.pid}/net/packet"))

    def wait_until_said(self, text):
        """Waits for something on its standard error."""
        self._wait_until(lambda: text in self._read(f"{self.folder}/1"))

    def _wait_until(self, is_over):
        deadline = time.monotonic() + 20
        while not is_over():
            if time.monotonic() > deadline:
                raise Failed(f"{' '.join(self.words)} does not start: {self._read(self.folder + '/1')}")
            time.sleep(0.01)

    def peak_memory(self):
        """The most memory that it has had so far, in bytes. VmHWM, proc(5)"""
        for line in self._read(f"/proc/{self.pid}/status").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        return 0

    def has_ended(self):
        return self._reap(os.WNOHANG)

    def interrupt(self):
        os.kill(self.pid, signal.SIGINT)
        return self.finish()

    def finish(self):
        """Waits for its end, which must be a success, or that of one who waited in vain for frames."""
        # Sleeping in the call, as not to take CPU time from what is measured; the alarm ends those who hang.
        signal.alarm(PATIENCE)
        while not self._reap(0):
            pass
        signal.alarm(0)
        if self.result.status not in (0, 1):
            raise Failed(f"{' '.join(self.words)}: status {self.result.status}: {self.result.errors}")
        return self.result

    def _reap(self, options):
        if self.result is None:
            pid, status, usage = os.wait4(self.pid, options)
            if pid == 0:
                return False
            elapsed = time.monotonic() - self.start
            texts = [self._read(f"{self.folder}/{i}") for i in (0, 1)]
            shutil.rmtree(self.folder)
            code = os.waitstatus_to_exitcode(status)
            self.result = Result(self.words, code, *texts, elapsed, usage)
        return True

    def kill(self):
        if self.result is None:
            os.kill(self.pid, signal.SIGKILL)
            self._reap(0)

    @staticmethod
    def _read(path):
        try:
            with open(path, encoding="utf-8") as file:
                return file.read()
        except OSError:
            return ""


class Host:
    """One of the two, and the CPU that its programs run on."""

    def __init__(self, network, namespace, address, ipv4, cpu):
        self.network, self.namespace, self.address, self.ipv4, self.cpu = network, namespace, address, ipv4, cpu
        self.descriptor = -1

    @contextlib.contextmanager
    def entered(self):
        """What is started meanwhile inherits the namespace and the CPU, which are this process's for that time."""
        home, cpus = self.network.home, os.sched_getaffinity(0)
        enter_network(self.descriptor)
        os.sched_setaffinity(0, {self.cpu})
        try:
            yield
        finally:
            os.sched_setaffinity(0, cpus)
            enter_network(home)

    def start(self, *words, **environment):
        """Starts a program here."""
        with self.entered():
            process = Process([str(word) for word in words], environment, self.network.folder)
        self.network.processes.append(process)
        return process

    def run(self, *words, **environment):
        return self.start(*words, **environment).finish()


class Network:
    """The two hosts, `near` and `far`, for the time of a `with`."""

    interface = "eth0"

    def __init__(self, cpus, folder):
        self.folder, self.processes = folder, []
        self.home = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        name = f"afpb-{os.getpid()}"
        self.near = Host(self, name + "-near", "02:00:00:00:00:01", "10.78.0.1", cpus[0])
        self.far = Host(self, name + "-far", "02:00:00:00:00:02", "10.78.0.2", cpus[1])

    def __enter__(self):
        signal.signal(signal.SIGALRM, self._end_hanging)
        for host in (self.near, self.far):
            ip("netns", "add", host.namespace)
            flags = os.O_RDONLY | os.O_CLOEXEC
            host.descriptor = os.open(f"/run/netns/{host.namespace}", flags)
        ends = [
            ["name", self.interface, "netns", host.namespace, "address", host.address]
            for host in (self.near, self.far)
        ]
        ip("link", "add", *ends[0], "type", "veth", "peer", *ends[1])
        for host in (self.near, self.far):
            # No link-local address, and so no frames about it among those that are counted.
            ip("-n", host.namespace, "link", "set", self.interface, "addrgenmode", "none")
            ip("-n", host.namespace, "address", "add", host.ipv4 + "/24", "dev", self.interface)
            ip("-n", host.namespace, "link", "set", self.interface, "up")
        return self

    def __exit__(self, *_):
        self.end_all()
        for host in (self.near, self.far):
            ip("netns", "delete", host.namespace)
            os.close(host.descriptor)

    def end_all(self):
        """Ends what a failure has left running."""
        for process in self.processes:
            process.kill()
        self.processes.clear()

    def _end_hanging(self, *_):
        words = [" ".join(process.words) for process in self.processes if not process.result]
        raise Failed(f"does not end: {'; '.join(words)}")
