"""Rewritten queries on DuckDB against what BigQuery's documentation says of its functions."""

from __future__ import annotations

from collections import Counter

import pytest
from tests.support.googlesql import Case, cases, connect, outcome

LEAST_EQUAL = 0.97
"""Of the cases that ask no service of Google's."""


@pytest.fixture(scope="module")
def connection():
    with connect() as connection:
        yield connection


@pytest.fixture(scope="module")
def outcomes(connection):
    return {case: outcome(connection, case) for case in cases()}


def test_every_function_has_a_case():
    from tests.support.googlesql import functions

    listed = functions()
    assert not [name for name, times in Counter(listed).items() if times > 1]
    assert set(listed) == {case.function for case in cases()}


def test_every_case_is_answered_as_documented_or_refused(outcomes):
    wrong = {case: found for case, found in outcomes.items() if found != "equal" and not found.startswith("refused")}
    assert not wrong, "\n".join(f"{case.sql} => {case.expected}: {found}" for case, found in wrong.items())


def test_what_asks_a_service_is_refused(outcomes):
    for case, found in outcomes.items():
        if case.expected == "SERVICE":
            assert found.startswith("refused"), case


def test_nearly_all_is_answered(outcomes):
    asked = [case for case in outcomes if case.expected != "SERVICE"]
    equal = [case for case in asked if outcomes[case] == "equal"]
    assert len(equal) / len(asked) >= LEAST_EQUAL


def test_a_case_that_must_not_pass_does_not(connection):
    assert outcome(connection, Case("x", "X", "1 + 1", "3")) == "answered [[2]]"
    assert outcome(connection, Case("x", "X", "1 + 1", "2.0")) != "equal"
    assert outcome(connection, Case("x", "X", "1 / 1", "ERROR")) != "equal"
