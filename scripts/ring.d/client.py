"""Reads and writes at QUORUM, as two applications side by side, and counts what failed for them.

`retrying` is an application with the driver's defaults: RetryPolicy, which goes on to the next host when a connection
breaks. `no-retries` has FallthroughRetryPolicy: it shows what a rollout costs those who do not retry. Each writes rows
and reads back rows whose write it saw succeed; a row that is missing or differs is `wrong`.

A query has failed when it failed for the application: after all that the driver did for it. The driver has one TLS
setting per cluster object and so per session, hence with --either an application holds two driver sessions, one in
plaintext and one in TLS. It asks the one that answered last. If that one has no host for the query, which was then sent
to nobody, it asks the other; `retrying` also does so after any other error, as its queries may be repeated. That is what
an operator's client must do while some nodes speak only TLS and others only plaintext; the driver never does it alone.
A session that cannot be opened yet is tried every second; one that is open reconnects by the driver's own means. The driver
learns that a node closed an idle connection only when it uses it: by a query, or by its heartbeat (30 s by default). The
session that is not asked has nothing but its heartbeat, so that is short here; else it would offer dead connections to all
nodes that were restarted since, just when it is needed.

Exit code: 0 if `retrying` made queries, none failed and none was wrong.
"""
import argparse
import collections
import json
import logging
import pathlib
import random
import signal
import ssl
import sys
import threading
import time
import uuid

from cassandra import ConsistencyLevel
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile, NoHostAvailable
from cassandra.policies import (ConstantReconnectionPolicy, DCAwareRoundRobinPolicy, FallthroughRetryPolicy,
                                RetryPolicy, TokenAwarePolicy)

ERRORS_KEPT = 5
HEARTBEAT = 1.0  # seconds
ROWS_KEPT = 10_000  # to choose reads from
TABLE = "rig_client.load"


def main():
    options = parse()
    logging.getLogger("cassandra").setLevel(logging.CRITICAL)  # its troubles are what is counted here
    create_schema(options)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    applications = [Application("retrying", RetryPolicy(), True, options),
                    Application("no-retries", FallthroughRetryPolicy(), False, options)]
    for application in applications:
        application.open(stop)
    began = time.monotonic()
    workers = [threading.Thread(target=work, args=(stop, options.pause, began), daemon=True)
               for application in applications for _ in range(options.threads)
               for work in (application.write, application.read)]
    for worker in workers:
        worker.start()
    wait(options, stop, began, applications)
    stop.set()
    for worker in workers:
        worker.join(timeout=4 * options.timeout)
    sys.exit(report(options, time.monotonic() - began, applications))


def parse():
    parser = argparse.ArgumentParser(prog="ring client", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--hosts", "--protocol", "--replication"):  # the rig says these
        parser.add_argument(name, required=True, help=argparse.SUPPRESS)
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--plain", action="store_true", help="plaintext (the default)")
    how.add_argument("--tls", metavar="CAFILE", help="TLS; the nodes' certificates must be signed by one in CAFILE (PEM)")
    how.add_argument("--either", metavar="CAFILE", help="a session of each, see above")
    parser.add_argument("--cert", help="the client's own certificate (PEM)")
    parser.add_argument("--key", help="… and its key")
    parser.add_argument("--check-hostname", action="store_true", help="a node's certificate must name its address")
    parser.add_argument("--seconds", type=float, help="how long, default 20; with --until: at most")
    parser.add_argument("--until", metavar="FILE", type=pathlib.Path, help="until FILE exists")
    parser.add_argument("--ready", metavar="FILE", type=pathlib.Path, help="made as soon as both have read and written")
    parser.add_argument("--report", metavar="FILE", help="JSON, `-` for standard output")
    parser.add_argument("--threads", type=int, default=2, help="writers, and as many readers, per application (2)")
    parser.add_argument("--pause", type=float, default=0.05, help="seconds between two queries of a thread (0.05)")
    parser.add_argument("--timeout", type=float, default=10, help="seconds the driver waits for an answer (10)")
    options = parser.parse_args()
    if options.seconds is None and options.until is None:
        options.seconds = 20
    options.authority = options.tls or options.either
    options.ways = ["plaintext", "tls"] if options.either else ["tls"] if options.tls else ["plaintext"]
    return options


def cluster(options, way, retry_policy):
    """A driver's cluster object that speaks one way."""
    context = None
    if way == "tls":
        context = ssl.create_default_context(cafile=options.authority)
        context.check_hostname = options.check_hostname
        if options.cert:
            context.load_cert_chain(options.cert, options.key)
    profile = ExecutionProfile(load_balancing_policy=TokenAwarePolicy(DCAwareRoundRobinPolicy("dc1")), retry_policy=retry_policy,
                               consistency_level=ConsistencyLevel.QUORUM, request_timeout=options.timeout)
    return Cluster(options.hosts.split(","), ssl_context=context, protocol_version=int(options.protocol),
                   execution_profiles={EXEC_PROFILE_DEFAULT: profile}, reconnection_policy=ConstantReconnectionPolicy(1, None),
                   idle_heartbeat_interval=HEARTBEAT, idle_heartbeat_timeout=options.timeout,
                   max_schema_agreement_wait=30)


def create_schema(options):
    """Makes the keyspace and the table, and returns once all nodes agree on them."""
    errors = []
    for way in options.ways:
        maker = cluster(options, way, RetryPolicy())
        try:
            session = maker.connect()
        except Exception as error:  # pylint: disable=broad-except
            errors.append(f"{way}: {error}")
            continue
        for statement in ("CREATE KEYSPACE IF NOT EXISTS rig_client WITH replication = "
                          f"{{'class': 'NetworkTopologyStrategy', 'dc1': {int(options.replication)}}}",
                          f"CREATE TABLE IF NOT EXISTS {TABLE} (id uuid PRIMARY KEY, value text)"):
            future = session.execute_async(statement, timeout=60)
            future.result()
            if not future.is_schema_agreed:
                sys.exit("ring client: the nodes do not agree on the schema")
        maker.shutdown()
        return
    sys.exit("ring client: cannot connect: " + "; ".join(errors))


class Way:
    """A driver's session, plaintext or TLS, from the moment it can be opened."""

    def __init__(self, name, make_cluster):
        self.name, self.make_cluster = name, make_cluster
        self.session = self.insert = self.select = None
        self.error = "not tried yet"

    def open(self, stop):
        while not stop.is_set():
            maker = self.make_cluster(self.name)
            try:
                session = maker.connect()
                self.insert = session.prepare(f"INSERT INTO {TABLE} (id, value) VALUES (?, ?)")
                self.select = session.prepare(f"SELECT value FROM {TABLE} WHERE id = ?")
                self.insert.is_idempotent = self.select.is_idempotent = True
                self.session = session
                return
            except Exception as error:  # pylint: disable=broad-except
                self.error = error
                maker.shutdown()
            stop.wait(1)


class Application:
    def __init__(self, name, retry_policy, may_repeat, options):
        self.name, self.may_repeat = name, may_repeat
        self.ways = [Way(way, lambda way: cluster(options, way, retry_policy)) for way in options.ways]
        self.lock = threading.Lock()
        self.rows = collections.deque(maxlen=ROWS_KEPT)
        self.counts = collections.Counter()
        self.by_way = collections.Counter({way: 0 for way in options.ways})
        self.slowest = (0.0, 0.0)
        self.errors = []

    def open(self, stop):
        for way in self.ways:
            threading.Thread(target=way.open, args=(stop,), daemon=True).start()
        deadline = time.monotonic() + 60
        while not any(way.session for way in self.ways):
            if stop.is_set() or time.monotonic() > deadline:
                sys.exit("ring client: cannot connect: " + "; ".join(f"{way.name}: {way.error}" for way in self.ways))
            time.sleep(0.1)

    def write(self, stop, pause, began):
        while not stop.wait(pause):
            row = (uuid.uuid4(), f"{random.getrandbits(64):x}")
            if self.query("write", began, lambda way, row=row: way.session.execute(way.insert, row)) is not None:
                self.rows.append(row)

    def read(self, stop, pause, began):
        while not stop.wait(pause):
            if not self.rows:
                continue
            row_id, value = random.choice(self.rows)
            answer = self.query("read", began, lambda way, row_id=row_id: way.session.execute(way.select, (row_id,)))
            if answer is not None:
                row = answer.one()
                if row is None or row.value != value:
                    with self.lock:
                        self.counts["wrong"] += 1
                        self.keep_error(began, "read", f"row {row_id} was written as {value} and is {row and row.value}")

    def query(self, kind, began, ask):
        """One query of the application: its answer, or None if it failed."""
        start = time.monotonic()
        answer, used, errors = None, None, []
        with self.lock:  # a list that another thread sorts looks empty meanwhile, and the query would go to nobody
            ways = list(self.ways)  # the one that answered last comes first
        for way in ways:
            if way.session is None:
                errors.append(f"{way.name}: no session: {way.error}")
                continue
            try:
                answer, used = ask(way), way
                break
            except NoHostAvailable as error:
                errors.append(f"{way.name}: {error}")
            except Exception as error:  # pylint: disable=broad-except
                errors.append(f"{way.name}: {type(error).__name__}: {error}")
                if not self.may_repeat:
                    break
        end = time.monotonic()
        with self.lock:
            self.counts[kind] += 1
            self.slowest = max(self.slowest, (end - start, start - began))
            if used is None:
                self.counts["failed"] += 1
                self.keep_error(began, kind, "; ".join(errors))
            else:
                self.counts[kind + " ok"] += 1
                self.by_way[used.name] += 1
                self.ways.sort(key=lambda way: way is not used)
        return answer

    def keep_error(self, began, kind, text):
        if len(self.errors) < ERRORS_KEPT:
            self.errors.append({"at": time.strftime("%FT%TZ", time.gmtime()), "second": round(time.monotonic() - began, 1), "query": kind, "error": text})

    def is_ready(self):
        return self.counts["write ok"] and self.counts["read ok"]

    def summary(self):
        counts = self.counts
        return {"name": self.name, "queries": counts["write"] + counts["read"], "writes": counts["write"], "reads": counts["read"],
                "failed": counts["failed"], "wrong": counts["wrong"], "slowest_ms": round(self.slowest[0] * 1000),
                "slowest_at_second": round(self.slowest[1], 1), "answered_by": dict(self.by_way), "errors": self.errors}


def wait(options, stop, began, applications):
    ready = False
    while not stop.wait(0.1):
        if not ready and all(application.is_ready() for application in applications):
            ready = True
            print("ring client: both applications read and write", file=sys.stderr, flush=True)
            if options.ready:
                options.ready.touch()
        if options.seconds is not None and time.monotonic() - began > options.seconds:
            return
        if options.until and options.until.exists():
            return


def report(options, seconds, applications):
    summaries = [application.summary() for application in applications]
    for one in summaries:
        ways = ", ".join(f"{count} by {way}" for way, count in one["answered_by"].items())
        print(f"{one['name']:<10}  {one['queries']} queries ({one['writes']} writes, {one['reads']} reads), {one['failed']} failed, {one['wrong']} wrong, "
              f"slowest {one['slowest_ms']} ms at {one['slowest_at_second']} s; {ways}")
        for error in one["errors"]:
            print(f"            {error['second']} s, {error['query']}: {error['error'][:300]}")
    if options.report:
        text = json.dumps({"seconds": round(seconds, 1), "mode": "either" if options.either else options.ways[0], "applications": summaries}, indent=2) + "\n"
        if options.report == "-":
            sys.stdout.write(text)
        else:
            pathlib.Path(options.report).write_text(text, encoding="utf-8")
    retrying = summaries[0]
    return 0 if retrying["queries"] > 0 and retrying["failed"] == retrying["wrong"] == 0 else 1


if __name__ == "__main__":
    main()
