"""Every table says how a restore treats it, so that nobody adds a way in that an old backup opens again."""

from sqlalchemy import Column, MetaData, String, Table

from homeport.bootstrap import home  # imports every slice's tables
from homeport.bootstrap.treated import AS_BACKED_UP, AS_NEWER, BY_A_RULE_OF_ITS_OWN, ENDED, PROOFS, REMOVABLE, named
from homeport.foundation.database.columns import metadata

assert home


def unnamed(tables):
    return sorted(set(tables) - named())


def test_every_table_says_in_bootstrap_treated_how_a_restore_treats_it():
    assert unnamed(metadata.tables) == []
    assert named() <= set(metadata.tables)


def test_a_new_table_that_says_nothing_is_found():
    new = Table("door_codes", MetaData(), Column("code_hash", String(64), primary_key=True))
    assert unnamed([*metadata.tables, new.name]) == ["door_codes"]


def test_no_table_comes_back_as_it_was_that_has_a_rule():
    back = [name for names in AS_BACKED_UP.values() for name in names]
    proofs = [table.name for one in PROOFS for table, _ in one.tables]
    ruled = [*BY_A_RULE_OF_ITS_OWN, *(one.table.name for one in REMOVABLE), *proofs, *(one.name for one in (*AS_NEWER, *ENDED))]
    assert len(back) == len(set(back))
    assert not set(back) & set(ruled)


def test_what_the_rules_ask_of_a_table_is_there():
    assert all({"id", "created_at"} <= set(one.table.c.keys()) for one in REMOVABLE)
    for one in PROOFS:
        assert {"id", one.born, *one.columns} <= set(one.owners.c.keys())
        assert all(owner in table.c for table, owner in one.tables)
