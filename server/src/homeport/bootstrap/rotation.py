"""Seals every secret anew with a fresh sealing key. A crash at any moment leaves a key file that opens everything.

First the key file gets the fresh key beside the earlier ones, then one transaction seals all secrets with it, then the earlier keys
leave the file. The caller holds the data folder, so no server of this machine works with the earlier key meanwhile.
"""

from dataclasses import replace

from sqlalchemy import Connection, select, update

from homeport.bootstrap.home import Home
from homeport.bootstrap.restore import connections_of_others
from homeport.bootstrap.units import Unit
from homeport.channels.apple.ade.actions import KEY_CONTEXT, TOKEN_CONTEXT
from homeport.channels.apple.ade.store import AdeSql
from homeport.channels.apple.authority.acme.parts import SEALED_AS as ACME_SEALED_AS
from homeport.channels.apple.authority.acme.tables import acme_orders
from homeport.channels.apple.authority.actions import SEALED_AS as AUTHORITY_SEALED_AS
from homeport.channels.apple.authority.tables import apple_authority
from homeport.channels.apple.mdm.store import seal_anew as mac_secrets
from homeport.channels.apple.push.store import seal_anew as push_secrets
from homeport.channels.linux.help_desk import sealed_as
from homeport.channels.linux.tables import help_desk_keys, order_keys
from homeport.directory.admins.actions.one_time import seal_anew
from homeport.directory.admins.store.factors import FactorSql
from homeport.directory.admins.tables import administrator_factors
from homeport.directory.audit.actions.destinations import sealed_as as destination_sealed_as
from homeport.directory.audit.model import Resource
from homeport.directory.audit.store import DestinationSql
from homeport.directory.audit.tables import event_destinations
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.sealing.sealer import Sealer, SealingKeyError, write_ring
from homeport.trust.federation.actions.sealed import client_of, seal_secret
from homeport.trust.federation.model import Settings
from homeport.trust.federation.store import ProviderSql
from homeport.trust.signin.person.tables import user_factors, user_recovery_codes
from homeport.trust.signin.tables import sign_ins


def rotate(home: Home, actor: Actor) -> int:
    """Rotate the sealing key and return how many secrets were sealed anew.

    Raises SealingKeyError when one cannot be opened, or when a server on another machine uses the PostgreSQL database.
    """
    parts = home.parts
    parts.database.dispose()  # so that the only connection is the one that rotates
    if not parts.database.is_sqlite:
        with parts.database.read() as work:
            if others := connections_of_others(work.connection):
                raise SealingKeyError(
                    f"{others} other connections to the database are open. Stop every homeport server of it first."
                )
    sealer = parts.sealer.rotated()
    write_ring(parts.settings.sealing_key, sealer.keys)
    with parts.database.write() as work:
        parts_of = (
            _keys,
            _help_desk_keys,
            _verifiers,
            _clients,
            _factors,
            _user_factors,
            _destinations,
            _apple_authority,
            _acme_orders,
            _apple_server,
            mac_secrets,
            push_secrets,
        )
        count = sum(seal(work.connection, sealer) for seal in parts_of)
        unit = Unit(parts, work)
        count += unit.mail.seal_anew(sealer)
        unit.audit.record(
            actor,
            "sealing_key_rotated",
            resource=Resource("sealing_key", sealer.newest, "sealing key"),
            details={"secrets": count},
        )
    write_ring(parts.settings.sealing_key, {sealer.newest: sealer.keys[sealer.newest]})
    return count


def _keys(connection: Connection, sealer: Sealer) -> int:
    found = connection.execute(select(order_keys.c.id, order_keys.c.private_sealed).with_for_update()).all()
    for row in found:
        sealed = sealer.sealed_anew(row.private_sealed, f"order key {row.id}")
        connection.execute(update(order_keys).where(order_keys.c.id == row.id).values(private_sealed=sealed))
    return len(found)


def _apple_server(connection: Connection, sealer: Sealer) -> int:
    store = AdeSql(connection)
    server = store.server(hold=True)
    if server is None:
        return 0
    key = sealer.sealed_anew(server.key_sealed, KEY_CONTEXT)
    token = sealer.sealed_anew(server.token_sealed, TOKEN_CONTEXT) if server.token_sealed else ""
    store.save_server(replace(server, key_sealed=key, token_sealed=token))
    return 2 if token else 1


def _help_desk_keys(connection: Connection, sealer: Sealer) -> int:
    keys = help_desk_keys
    found = connection.execute(select(keys.c.device_id, keys.c.key_sealed).with_for_update()).all()
    for row in found:
        sealed = sealer.sealed_anew(row.key_sealed, sealed_as(row.device_id))
        connection.execute(update(keys).where(keys.c.device_id == row.device_id).values(key_sealed=sealed))
    return len(found)


def _verifiers(connection: Connection, sealer: Sealer) -> int:
    query = select(sign_ins.c.id, sign_ins.c.verifier_sealed).where(sign_ins.c.verifier_sealed != "").with_for_update()
    found = connection.execute(query).all()
    for row in found:
        sealed = sealer.sealed_anew(row.verifier_sealed, f"verifier {row.id}")
        connection.execute(update(sign_ins).where(sign_ins.c.id == row.id).values(verifier_sealed=sealed))
    return len(found)


def _clients(connection: Connection, sealer: Sealer) -> int:
    store, count = ProviderSql(connection), 0
    for provider in store.list():
        settings = _client(provider.id, provider.settings, sealer)
        proposal = _client(provider.id, provider.proposal, sealer) if provider.proposal else None
        store.save(replace(provider, settings=settings, proposal=proposal))
        for one in (settings, proposal):
            count += sum(envelope is not None for envelope in (one.secret, one.second_secret)) if one else 0
    return count


def _factors(connection: Connection, sealer: Sealer) -> int:
    store = FactorSql(connection)
    found = connection.execute(select(administrator_factors.c.administrator_id)).scalars().all()
    for administrator_id in found:
        factor = store.get_for_update(administrator_id)
        if factor is not None:
            store.put(seal_anew(factor, sealer))
    return len(found)


def _user_factors(connection: Connection, sealer: Sealer) -> int:
    store = FactorSql(connection, user_factors, user_recovery_codes, "user_id")
    found = connection.execute(select(user_factors.c.user_id)).scalars().all()
    for user_id in found:
        factor = store.get_for_update(user_id)
        if factor is not None:
            store.put(seal_anew(factor, sealer, "user"))
    return len(found)


def _destinations(connection: Connection, sealer: Sealer) -> int:
    store, table = DestinationSql(connection), event_destinations
    found = [one for one in store.list() if one.secret]
    for one in found:
        sealed = sealer.sealed_anew(one.secret, destination_sealed_as(one.id))
        connection.execute(update(table).where(table.c.id == one.id).values(secret=sealed))
    return len(found)


def _apple_authority(connection: Connection, sealer: Sealer) -> int:
    found = connection.execute(select(apple_authority.c.key_sealed).with_for_update()).scalar_one_or_none()
    if found is None:
        return 0
    connection.execute(update(apple_authority).values(key_sealed=sealer.sealed_anew(found, AUTHORITY_SEALED_AS)))
    return 1


def _acme_orders(connection: Connection, sealer: Sealer) -> int:
    orders = acme_orders
    found = connection.execute(select(orders.c.id, orders.c.word_sealed).with_for_update()).all()
    for row in found:
        sealed = sealer.sealed_anew(row.word_sealed, ACME_SEALED_AS)
        connection.execute(update(orders).where(orders.c.id == row.id).values(word_sealed=sealed))
    return len(found)


def _client(provider_id: str, settings: Settings, sealer: Sealer) -> Settings:
    opened = iter(client_of(provider_id, settings, sealer).secrets)
    anew = [
        None if envelope is None else seal_secret(provider_id, next(opened), sealer)
        for envelope in (settings.secret, settings.second_secret)
    ]
    return replace(settings, secret=anew[0], second_secret=anew[1])
