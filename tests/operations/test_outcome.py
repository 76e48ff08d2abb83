"""What of a failure may be said: its kind to operators, nothing but its place to whoever asked."""

import logging

import pytest
from graphql import GraphQLError

from gateway.events import Observer
from gateway.operations.outcome import safe


def test_the_kind_of_a_failure_is_told_and_nothing_of_it(caplog: pytest.LogCaptureFixture) -> None:
    """CASES 16: an exception's text may quote a row; it is in no answer, log or metric."""
    caplog.set_level(logging.DEBUG)
    observer = Observer()
    failed = GraphQLError("canary", path=["child", "address"], original_error=ValueError("canary"))
    told = safe(failed, observer)
    assert told.formatted == {
        "message": "this field could not be answered",
        "path": ["child", "address"],
        "extensions": {"code": "UNAVAILABLE"},
    }
    counted = {
        sample.labels["detail"]
        for metric in observer.collect()
        for sample in metric.samples
        if "detail" in sample.labels
    }
    assert counted == {"ValueError"}
    assert "canary" not in caplog.text
