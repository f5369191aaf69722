"""Figures that are read from the database when Prometheus asks, so that every replica tells the same; sign-ins are counted as they end.

What several replicas tell alike must not be added up: take `max` over them. Only what ends in `_total` is each process's own.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from prometheus_client import Counter
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from sqlalchemy import Connection, event, func, select

from homeport import __version__
from homeport.channels.linux.tables import orders
from homeport.directory.audit.tables import audit_entries
from homeport.directory.devices.tables import devices
from homeport.directory.people.tables import users
from homeport.foundation.database.engine import Database, Subscriptions, UnitOfWork
from homeport.foundation.database.revision import head
from homeport.foundation.http.metrics import Metrics
from homeport.foundation.jobs.tables import jobs
from homeport.foundation.kernel.clock import Clock
from homeport.trust.federation.tables import identity_providers, key_snapshots
from homeport.trust.signin.model import SignInEnded

CONTACT = (("5m", 300), ("1h", 3600), ("1d", 86_400), ("7d", 7 * 86_400))
"""The bands of a device's last contact, in seconds."""


@dataclass(frozen=True, slots=True)
class DirectoryFigures:
    """What the directory holds, what waits, and how far the audit log's seal is behind."""

    database: Database
    clock: Clock

    def collect(self) -> Iterable[Metric]:
        """Read everything in one transaction."""
        now = self.clock.now()
        with self.database.read() as unit:
            return list(self._figures(unit.connection, now))

    def describe(self) -> Iterable[Metric]:
        """Name nothing beforehand, so that registering does not read the database."""
        return ()

    def _figures(self, connection: Connection, now: datetime) -> Iterator[Metric]:
        info = GaugeMetricFamily("homeport_info", "The running version and its schema.", labels=["version", "schema"])
        info.add_metric([__version__, head()], 1)
        yield info
        people = GaugeMetricFamily("homeport_users", "Users by state.", labels=["state"])
        for state, count in connection.execute(select(users.c.state, func.count()).group_by(users.c.state)):
            people.add_metric([state], count)
        yield people
        yield from _devices(connection, now)
        yield from _orders(connection, now)
        yield from _seal(connection, now)
        yield from _jobs(connection, now)
        yield from _providers(connection, now)


def _devices(connection: Connection, now: datetime) -> Iterator[Metric]:
    live = devices.c.deleted_at.is_(None)
    states = GaugeMetricFamily("homeport_devices", "Devices by state.", labels=["state"])
    for state, count in connection.execute(select(devices.c.status, func.count()).where(live).group_by(devices.c.status)):
        states.add_metric([state], count)
    yield states
    contact = GaugeMetricFamily("homeport_devices_last_contact", "Devices by how long ago they asked.", labels=["within"])
    counts = [func.count().filter(devices.c.last_contact_at >= now - timedelta(seconds=seconds)) for _, seconds in CONTACT]
    total, never, *within = connection.execute(
        select(func.count(), func.count().filter(devices.c.last_contact_at.is_(None)), *counts).where(live)
    ).one()
    before = 0
    for (name, _), count in zip(CONTACT, within, strict=True):
        contact.add_metric([name], count - before)
        before = count
    contact.add_metric(["longer"], total - never - before)
    contact.add_metric(["never"], never)
    yield contact


def _orders(connection: Connection, now: datetime) -> Iterator[Metric]:
    query = select(func.count(), func.min(orders.c.created_at)).where(orders.c.state == "pending")
    count, oldest = connection.execute(query).one()
    yield GaugeMetricFamily("homeport_orders_waiting", "Orders that no device has answered yet.", value=count)
    yield _age("homeport_orders_oldest_waiting_seconds", "Age of the oldest of them.", oldest, now)


def _seal(connection: Connection, now: datetime) -> Iterator[Metric]:
    query = select(func.count(), func.min(audit_entries.c.at)).where(audit_entries.c.batch.is_(None))
    count, oldest = connection.execute(query).one()
    yield GaugeMetricFamily("homeport_audit_unsealed_entries", "Entries of the audit log that are not sealed yet.", value=count)
    yield _age("homeport_audit_seal_lag_seconds", "Age of the oldest of them.", oldest, now)


def _jobs(connection: Connection, now: datetime) -> Iterator[Metric]:
    open_states = ("waiting", "running", "dead")
    query = select(jobs.c.state, func.count()).where(jobs.c.state.in_(open_states)).group_by(jobs.c.state)
    counts = {row.state: row[1] for row in connection.execute(query)}
    states = GaugeMetricFamily("homeport_jobs", "Jobs in the background that are not done, by state.", labels=["state"])
    for state in open_states:
        states.add_metric([state], counts.get(state, 0))
    yield states
    due = select(func.min(jobs.c.due_at)).where(jobs.c.state == "waiting", jobs.c.due_at <= now)
    yield _age("homeport_jobs_oldest_due_seconds", "How long the oldest job has been due.", connection.execute(due).scalar(), now)


def _providers(connection: Connection, now: datetime) -> Iterator[Metric]:
    failing = GaugeMetricFamily(
        "homeport_identity_provider_failing", "1 while the last look at the provider failed.", labels=["provider"]
    )
    active = identity_providers.c.state == "active"
    for row in connection.execute(select(identity_providers.c.id, identity_providers.c.metadata_error).where(active)):
        failing.add_metric([row.id], 1 if row.metadata_error else 0)
    yield failing
    fetched = connection.execute(select(func.max(key_snapshots.c.fetched_at))).scalar()
    yield _age("homeport_identity_provider_keys_age_seconds", "Age of the newest key set fetched from a provider.", fetched, now)


def _age(name: str, said: str, since: datetime | None, now: datetime) -> Metric:
    return GaugeMetricFamily(name, said, value=max(0.0, (now - since).total_seconds()) if since else 0)


def observe(metrics: Metrics, database: Database, subscriptions: Subscriptions, clock: Clock) -> None:
    """Let the metrics know of every SQL statement, of every sign-in that ended, and of what the directory holds."""
    ended = Counter("homeport_sign_ins", "Sign-ins that ended.", ("purpose", "outcome", "reason"), registry=metrics.registry)

    def count_statement(*_: object) -> None:
        metrics.statements.inc()

    def count_sign_in(work: UnitOfWork, done: SignInEnded) -> None:
        one = done.sign_in
        counter = ended.labels(one.purpose.value, one.state.value, one.reason)
        work.after_commit.append(counter.inc)

    event.listen(database.engine, "before_cursor_execute", count_statement)
    subscriptions.subscribe(SignInEnded, count_sign_in)
    metrics.register(DirectoryFigures(database, clock))
