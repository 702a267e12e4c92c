"""What belongs to no other chapter."""

from __future__ import annotations

from typing import Any

from hagane.sql.queries.call import Call
from hagane.sql.queries.literals import text_value
from hagane.sql.queries.query_type import INT64, NULL, STRING, UNKNOWN, QueryType
from hagane.sql.queries.value import Value


def type_of(call: Call) -> Value:
    """TYPEOF."""
    if not call.count(1):
        return Value("NULL", UNKNOWN)
    type_ = call.value(0).type
    return text_value(str(INT64 if type_ == NULL else type_))


def bag_of_words(call: Call) -> Value:
    """BAG_OF_WORDS: how often each term occurs, by term."""
    if not call.count(1):
        return Value("NULL", UNKNOWN)
    array = call.typed(0, QueryType("ARRAY", element=STRING))
    type_ = QueryType("ARRAY", element=QueryType("STRUCT", fields=(("term", STRING), ("count", INT64))))
    sql = f'list_transform(list_sort(map_entries(list_histogram({array.sql}))), lambda hagane_e: struct_pack("term" := hagane_e.key, "count" := CAST(hagane_e.value AS BIGINT)))'
    return Value(sql, type_)


def text_analyze(call: Call) -> Value:
    """TEXT_ANALYZE with the LOG_ANALYZER."""
    if not call.count(1):
        return Value("NULL", UNKNOWN)
    return call.rewriter.call("hagane_text_analyze", QueryType("ARRAY", element=STRING), call.typed(0, STRING).sql)


FUNCTIONS: dict[str, Any] = {
    "GENERATE_UUID": [" -> STRING: CAST(uuid() AS VARCHAR)"],
    "SESSION_USER": [" -> STRING: hagane_session_user('')"],
    "TYPEOF": type_of,
    "BAG_OF_WORDS": bag_of_words,
    "TEXT_ANALYZE": text_analyze,
    "SEARCH": ["STRING, STRING -> BOOL: hagane_search({0}, {1})"],
}
