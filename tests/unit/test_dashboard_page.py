"""What stands on the page is what was read, and nothing that was read can take the page over."""

from datetime import UTC, datetime, timedelta

import pytest

from local import browser, page
from local.widgets import Chart, Log, Metric, Place, Series, Text

START = datetime(2026, 6, 10, tzinfo=UTC)
END = START + timedelta(days=7)
PLACE = Place(0, 0, 12, 6)
HOSTILE = "</script><script>alert(1)</script>"


def chart(**more):
    given = {"numbers": True, "whole": False, "sparkline": False}
    rest = {"wanted": (), "low": None, "high": None, "levels": ()}
    return Chart(PLACE, "T", **(given | rest | more))


def drawn(*values, stat="Sum", label="spent ${LAST} USD"):
    points = [(START + timedelta(hours=n), value) for n, value in enumerate(values)]
    return page.Drawn(Series(Metric("N", "M"), stat, 3600, label, None), "#1f77b4", points)


def number(widget, one):
    return page.chart(widget, [one], START, END).html.partition("<b>")[2].partition("</b>")[0]


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ((), "--"),
        ((3.0, 0.0), "0"),
        ((1.0, 48.7218), "48.72"),
        ((100.0,), "100"),
        ((1234.5,), "1,234.5"),
    ],
)
def test_a_number_is_the_last_one(values, shown):
    assert number(chart(), drawn(*values)) == shown


@pytest.mark.parametrize(
    ("stat", "shown"), [("Sum", "6"), ("SampleCount", "6"), ("Maximum", "3"), ("Minimum", "1")]
)
def test_a_number_of_the_whole_time_is_of_all_that_there_is(stat, shown):
    assert number(chart(whole=True), drawn(3.0, 2.0, 1.0, stat=stat)) == shown


def test_a_label_holds_the_last_value_and_says_where_there_is_none():
    lines = page.chart(chart(numbers=False), [drawn(7.0, 8.5), drawn()], START, END).html
    assert "spent 8.5 USD" in lines
    assert "spent -- USD (no data)" in lines


def test_each_line_without_a_colour_gets_the_next_one():
    plain = Series(Metric("N", "M"), "Sum", 60, "", None)
    red = Series(Metric("N", "M"), "Sum", 60, "", "#d62728")
    colors = [color for _, color in page.colored([plain, red, plain])]
    assert colors == [page.COLORS[0], "#d62728", page.COLORS[1]]


@pytest.mark.parametrize(
    "tile",
    [
        page.text(Text(PLACE, HOSTILE)),
        page.log(Log(PLACE, "T", "g", ("a",), "q"), [[HOSTILE]]),
        page.chart(chart(), [drawn(1.0, label=HOSTILE)], START, END),
        page.chart(chart(numbers=False), [drawn(1.0, label=HOSTILE)], START, END),
    ],
    ids=["text", "log", "number", "line"],
)
def test_what_looks_like_a_script_is_shown_as_it_is(tile):
    assert HOSTILE not in tile.html
    assert "alert(1)" in tile.html


def test_a_browser_of_the_system_is_taken_before_playwrights_own(monkeypatch, tmp_path):
    own, system = tmp_path / "own", tmp_path / "chromium"
    monkeypatch.setenv("PATH", str(tmp_path))
    assert browser.found(own) is None
    own.touch()
    assert browser.found(own) == own
    system.touch(mode=0o755)
    assert browser.found(own) == system
