from urllib.parse import urlsplit

from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from homeport.foundation.kernel.listing import MOST_FILTERS
from homeport.foundation.ui.listing import Filter, ListState, Pager

FILTERS = (Filter("state", "State", (("STAGED", "Staged"), ("ACTIVATED", "Activated"))), Filter("source", "Source"))


def parse(query):
    return ListState.parse("/admin/users", QueryParams(query), filters=FILTERS, sorts=("name", "seen"), default_sort="name")


def test_field_and_value_in_the_search_box_become_a_filter():
    found = parse('q=ada state:activated source:"Okta EU"')
    assert found.text == "ada"
    assert found.chosen == (("state", "ACTIVATED"), ("source", "Okta EU"))
    assert [(chip.label, chip.value) for chip in found.chips] == [("State", "Activated"), ("Source", "Okta EU")]


def test_more_filters_than_a_list_takes_are_kept_and_only_the_first_are_chips():
    """Each chip has an address of all other filters: thousands of them kept the server busy for minutes."""
    found = parse("&".join(f"source={number}" for number in range(500)))
    assert len(found.chosen) == 500
    assert [chip.value for chip in found.chips] == [str(number) for number in range(MOST_FILTERS)]


def test_an_unknown_field_stays_part_of_the_search():
    assert parse("q=https://example.com o'brien").text == "https://example.com o'brien"


def test_unknown_sorts_and_pages_are_ignored():
    found = parse("sort=password&page=-1&state=")
    assert (found.sort, found.descending, found.page, found.chosen) == ("name", False, 1, ())
    assert found.address == "/admin/users"


def test_sorting_by_the_same_column_turns_round_and_goes_to_the_first_page():
    found = parse("page=3&q=a")
    assert found.sorted_by("name") == "/admin/users?q=a&sort=-name"
    assert found.sorted_by("seen") == "/admin/users?q=a&sort=seen"
    assert parse("sort=-name").sorted_by("name") == "/admin/users"


def test_a_chip_takes_off_its_own_filter_only():
    found = parse("state=STAGED&state=ACTIVATED&page=2")
    assert found.chips[0].without == "/admin/users?state=ACTIVATED"
    assert [choice.on for choice in found.choices(FILTERS[0])] == [True, True]


@given(
    text=st.lists(st.from_regex(r"[a-zäß0-9@.'-]{1,8}", fullmatch=True), max_size=3).map(" ".join),
    chosen=st.lists(
        st.sampled_from([("state", "STAGED"), ("state", "ACTIVATED"), ("source", "a&b=c ü")]), unique=True, max_size=3
    ),
    sort=st.sampled_from(["name", "-name", "seen", "-seen"]),
    page=st.integers(1, 9999),
)
def test_the_address_holds_the_whole_state(text, chosen, sort, page):
    query = QueryParams([("q", text), *chosen, ("sort", sort), ("page", str(page))])
    found = ListState.parse("/admin/users", query, filters=FILTERS, sorts=("name", "seen"), default_sort="name")
    again = parse(urlsplit(found.address).query)
    assert again == found


def test_pager_counts_rows_and_pages():
    assert (Pager(0).pages, Pager(0).first, Pager(0).last) == (1, 0, 0)
    last = Pager(total=101, page=3, size=50)
    assert (last.pages, last.first, last.last) == (3, 101, 101)
    assert Pager(total=10, page=9).first == 0
