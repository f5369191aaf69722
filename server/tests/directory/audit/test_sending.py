"""Events go out: in order, at least once, signed; a receiver that fails or hangs waits for itself only."""

import asyncio
import json
import re
import ssl

import pytest
from sqlalchemy import update
from tests.support.house import ADMIN
from tests.support.receivers import a_certificate, a_collector, a_webhook, genuine

from homeport.directory.audit.jobs import EventSender
from homeport.directory.audit.model import DestinationKind, Resource
from homeport.directory.audit.store import AddressRules
from homeport.directory.audit.tables import audit_entries
from homeport.foundation.outbound.client import Outbound
from homeport.foundation.outbound.urls import Origin, Target

WEBHOOK, SYSLOG = DestinationKind.WEBHOOK, DestinationKind.SYSLOG


class Desk:
    """An installation with events, destinations and a sender; its own `allowed` list lets it reach loopback."""

    def __init__(self, house):
        self.house = house
        house.empty()
        self.allowed = set()

    def destination(self, kind, address, name="SIEM", **values):
        origin = Origin.parse(address) if kind is SYSLOG else Target.parse(address).origin
        self.allowed.add(origin)

        def make(act):
            object.__setattr__(act.destinations, "addresses", AddressRules(frozenset(self.allowed)))
            return act.destinations.create(ADMIN, kind=kind, name=name, address=address, **values)

        return self.house.do(make)

    def happen(self, count=1, **values):
        for number in range(count):
            self.house.do(
                lambda act, number=number: act.audit.record(
                    ADMIN, "user_update", resource=Resource("user", f"u{number}", "ada"), **values
                )
            )
        self.house.home.audit_sealer.seal()

    def sender(self, **values):
        home = self.house.home
        network = Outbound(allow=frozenset(self.allowed), **values)
        return EventSender(
            home.work_of(lambda unit: unit.destinations), network, home.parts.clock, home.parts.entropy, "https://id.example.com"
        )

    def send(self, **values):
        asyncio.run(self.sender(**values).once())

    def now(self, destination):
        return self.house.do(lambda act: act.destinations.get(ADMIN, destination.id))

    def backlog(self, destination):
        present = self.now(destination)
        return self.house.do(lambda act: act.destinations.backlog(ADMIN, present))

    def recorded(self):
        return [row[0] for row in self.house.sql("SELECT id FROM audit_entries WHERE batch IS NOT NULL ORDER BY batch, id")]


@pytest.fixture
def desk(each_house):
    return Desk(each_house)


def test_a_webhook_gets_each_event_once_in_order_and_signed(desk):
    with a_webhook() as hook:
        made, secret = desk.destination(WEBHOOK, hook.address)
        desk.happen(250)
        desk.send()
        assert hook.ids == desk.recorded()
        assert [len(request["events"]) for request in hook.requests] == [100, 100, 51]
        assert all(genuine(request, secret) for request in hook.requests)
        first, headers = hook.requests[0]["events"][1], hook.requests[0]["headers"]
        assert (first["specversion"], first["source"], first["type"]) == ("1.0", "https://id.example.com", "homeport.user_update")
        assert (first["subject"], first["data"]["event_type"]) == ("user/u0", "user_update")
        assert headers["Content-Type"] == "application/cloudevents-batch+json; charset=utf-8"
        desk.send()
        assert len(hook.requests) == 3
        now = desk.now(made)
        assert (now.sent, now.word, desk.backlog(made)) == (251, ("Delivering", "ok"), 0)


def test_a_webhook_that_takes_one_event_a_request_gets_them_so(desk):
    with a_webhook() as hook:
        desk.destination(WEBHOOK, hook.address, batched=False)
        desk.happen(2)
        desk.send()
        assert hook.ids == desk.recorded()
        assert {request["headers"]["Content-Type"] for request in hook.requests} == {
            "application/cloudevents+json; charset=utf-8"
        }
        assert isinstance(json.loads(hook.requests[0]["body"]), dict)


def test_what_was_refused_waits_longer_each_time_and_comes_again_under_the_same_ids(desk):
    with a_webhook() as hook:
        made, _ = desk.destination(WEBHOOK, hook.address)
        desk.happen(3)
        hook.answers = [500, 302, 429]
        waits = []
        for _ in range(3):
            desk.send()
            now = desk.now(made)
            waits.append((now.due_at - desk.house.clock.now()).total_seconds())
            desk.send()  # it is not due, so nothing is asked
            desk.house.clock.forward(seconds=waits[-1])
        assert waits == [2, 8, 32]
        assert len(hook.requests) == 3
        assert (now.word, now.failure) == (("Failing", "error"), f"{now.origin} answered with the status 429.")
        assert desk.backlog(made) == 4
        desk.happen()
        desk.send()
        assert hook.ids == desk.recorded()
        assert [one["id"] for one in hook.requests[0]["events"]] == hook.ids[:4]
        assert (desk.now(made).attempts, desk.now(made).failure) == (0, "")


def test_half_a_character_that_was_sealed_goes_out_as_a_question_mark_and_stops_nothing_after_it(desk):
    with a_webhook() as hook, a_collector() as collector:
        desk.destination(WEBHOOK, hook.address)
        desk.destination(SYSLOG, collector.address, name="Collector")
        resource = Resource("user", "u", "ada")
        desk.house.do(lambda act: act.audit.record(ADMIN, "half", resource=resource))
        sealed = update(audit_entries).where(audit_entries.c.event_type == "half").values(details='{"by":"\\ud800"}')
        desk.house.do(lambda act: act.audit.log.connection.execute(sealed))  # as entries were, before they were recorded without
        desk.happen()
        desk.send()
        assert hook.ids == desk.recorded()
        assert [one["data"]["details"] for one in hook.requests[0]["events"]][-2:] == [{"by": "?"}, {}]
        assert [json.loads(one.partition("\ufeff")[2])["details"] for one in collector.messages][-2:] == [{"by": "?"}, {}]


def test_a_destination_that_hangs_holds_up_nobody(desk):
    with a_webhook() as hook, a_collector() as collector:
        collector.closing = False
        desk.destination(SYSLOG, collector.address, name="A hangs")
        desk.destination(WEBHOOK, hook.address, name="B works")
        desk.happen(2)

        async def both():
            sender = desk.sender()
            await sender.begin()
            while len(hook.ids) < 4:  # noqa: ASYNC110 - the receiver is a thread
                await asyncio.sleep(0.01)
            hanging = len(sender._running)
            collector.let_go.set()
            await asyncio.gather(*sender._running.values())
            return hanging

        assert asyncio.run(asyncio.wait_for(both(), 60)) >= 1
        assert hook.ids == desk.recorded()
        assert collector.messages == []


def test_a_paused_destination_misses_nothing(desk):
    with a_webhook() as hook:
        made, _ = desk.destination(WEBHOOK, hook.address)
        desk.house.do(lambda act: act.destinations.update(ADMIN, made.id, enabled=False))
        desk.happen(2)
        desk.send()
        assert hook.ids == []
        desk.house.do(lambda act: act.destinations.update(ADMIN, made.id, enabled=True))
        desk.happen()
        desk.send()
        assert hook.ids == desk.recorded()


def test_a_new_destination_gets_what_happens_from_now_on_or_everything(desk):
    with a_webhook() as late, a_webhook() as whole:
        desk.happen(3)
        desk.destination(WEBHOOK, late.address, name="late")
        desk.destination(WEBHOOK, whole.address, name="whole", from_start=True)
        desk.happen()
        desk.send()
        assert late.ids == desk.recorded()[3:]
        assert whole.ids == desk.recorded()


def test_two_senders_never_send_to_one_destination_at_once(desk):
    with a_webhook() as hook:
        made, _ = desk.destination(WEBHOOK, hook.address)
        desk.happen()
        claimed = desk.house.do(lambda act: act.destinations.claim(made.id, 100))
        desk.send()
        assert hook.requests == []
        desk.house.clock.forward(seconds=31)  # the other one is silent for longer than its claim lasts
        desk.send()
        assert hook.ids == desk.recorded()
        assert desk.house.do(lambda act: act.destinations.settle(*claimed[:2], "late")) is False
        assert desk.now(made).failure == ""


def test_a_collector_gets_syslog_messages_over_tcp(desk):
    with a_collector() as collector:
        desk.destination(SYSLOG, collector.address)
        desk.happen(success=False, reason='a "quoted" ] \\ line\nnext')
        desk.send()
        created, refused = collector.messages
        assert created.startswith("<110>1 ")
        form = r'<108>1 (\S+Z) id\.example\.com homeport - user_update \[homeport@32473 (.*?[^\\]")\] \ufeff(\{.*\})'
        moment, pairs, body = re.fullmatch(form, refused).groups()
        assert r'reason="a \"quoted\" \] \\ line next"' in pairs
        assert json.loads(body)["timestamp"] == moment
        assert f'id="{desk.recorded()[1]}"' in pairs


def test_a_collector_over_tls_must_have_a_certificate_that_counts(desk, tmp_path):
    certificate, key = a_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with a_collector(lambda plain: context.wrap_socket(plain, server_side=True), "tls", "localhost") as collector:
        made, _ = desk.destination(SYSLOG, collector.address)
        desk.happen()
        desk.send()
        assert "The certificate of localhost is not accepted" in desk.now(made).failure
        desk.house.clock.forward(seconds=2)
        desk.send(ca_file=certificate)
        assert len(collector.messages) == 2


def test_addresses_inside_the_network_are_refused_unless_the_operator_allows_them(desk):
    with a_webhook() as hook:
        made, _ = desk.destination(WEBHOOK, hook.address)
        logs, _ = desk.destination(SYSLOG, "tls://127.0.0.1:6514", name="logs")
        desk.happen()
        desk.allowed.clear()
        desk.send()
        assert "is not https" in desk.now(made).failure
        assert "127.0.0.1 is not a public address (loopback)" in desk.now(logs).failure
        assert hook.requests == []


def test_the_path_of_an_address_stays_out_of_failures_and_of_the_audit_log(desk):
    made, _ = desk.destination(WEBHOOK, "https://127.0.0.1:9/key-of-the-receiver")
    desk.allowed.clear()
    desk.happen()
    desk.send()
    assert desk.now(made).failure
    desk.house.do(lambda act: act.destinations.update(ADMIN, made.id, address="https://127.0.0.1:9/other-key"))
    written = str(desk.house.sql("SELECT changes, details, resource_name FROM audit_entries"))
    assert "key" not in written + desk.now(made).failure
    assert "path_changed" in written
