"""Two servers with one database, and a mail server that is slower than the lease of a job."""

import pytest
from tests.support.house import ADMIN
from tests.support.smtp import MailServer, serving

from homeport.channels.console.mail.actions import TypedServer
from homeport.foundation.jobs.worker import Worker
from homeport.foundation.mail.jobs import KIND, MailJob
from homeport.foundation.mail.model import MailState
from homeport.foundation.mail.smtp import Smtp


class Slow(MailServer):
    """Once needs a while before it takes a recipient; `meanwhile` is what happens in it."""

    meanwhile = None

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 - aiosmtpd's name
        if (deed := self.meanwhile) is not None:
            self.meanwhile = None
            deed()
        return await super().handle_RCPT(server, session, envelope, address, options)


@pytest.mark.parametrize("again", [True, False])
def test_a_slow_mail_server_gets_a_mail_once_though_another_worker_took_it_over(any_house, again):
    house = any_house
    parts = house.home.parts
    passed = [0.0]  # seconds of the conversation, which pass when everything is done that happens meanwhile
    smtp = Smtp("Acme", "id.example.com", seconds=120, clock=lambda: passed[0])

    def worker(send):
        job = MailJob(parts.database, lambda work: house.home._unit(work).mail, send)
        return Worker(parts.database, house.clock, parts.entropy, {KIND: job})

    def take_over():
        house.clock.forward(seconds=61)
        if again:
            worker(lambda *_: "sent by the other").run_due()
        passed[0] += 61

    with serving(Slow()) as mail:
        mail.meanwhile = take_over
        typed = TypedServer("localhost", mail.port, "none", "", "", "homeport@acme.example")
        house.do(lambda act: act.mail_settings.save(ADMIN, typed))
        sent = house.do(lambda act: act.mail.send("ada@acme.example", "s", "t"))
        worker(smtp.send).run_due()
        assert mail.messages == [], "it was slower than a conversation may be"
        known = house.do(lambda act: act.mail.get(sent.id))
        if again:
            assert (known.state, known.answer) == (MailState.SENT, "sent by the other")
        else:
            assert (known.state, "did not take the message within 30 seconds" in known.answer) == (MailState.WAITING, True)
            house.clock.forward(seconds=10)
            worker(smtp.send).run_due()
            assert len(mail.messages) == 1
            assert house.do(lambda act: act.mail.get(sent.id)).state is MailState.SENT
