"""docs/reliability.md: every promise has a test that exists, and every figure is one that a test showed."""

from __future__ import annotations

from tests.docs.tests_named import exists
from tools.reliability import PAGE, filled, recorded, rows


def test_every_promise_names_tests_that_exist() -> None:
    """A promise whose test is gone is none."""
    page = PAGE.read_text(encoding="utf-8")
    missing = [test for row in rows(page) for test in row.tests if not exists(test)]
    assert missing == []


def test_the_figures_are_those_that_were_recorded() -> None:
    """Nobody writes a figure by hand, and none is older than the record."""
    page = PAGE.read_text(encoding="utf-8")
    assert filled(page, recorded()) == page


def test_a_figure_stands_beside_the_test_that_showed_it() -> None:
    """The row names the test of its figure."""
    record = recorded()
    astray = [
        name
        for row in rows(PAGE.read_text(encoding="utf-8"))
        for name in row.figures
        if record[name]["test"] not in row.tests
    ]
    assert astray == []
