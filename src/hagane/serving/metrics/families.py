"""Every metric of the server: its name, what it means, its labels."""

from __future__ import annotations

from hagane.serving.metrics.family import Family

SECONDS = (
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0
)  # fmt: skip
"""Buckets of durations: a small model answers in the first, a request that is given up ends in the last."""
COUNTS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 1024.0, 4096.0, 16384.0)

_MODEL = ("endpoint", "model", "version")
_ROUTE = (*_MODEL, "protocol", "kind")

REQUESTS = Family("hagane_requests", "counter", "Requests that were answered, by class of status.", (*_ROUTE, "status"))
REQUEST_SECONDS = Family(
    "hagane_request_duration_seconds", "histogram", "From a request's first byte to its answer.", _ROUTE, SECONDS
)
QUEUE_SECONDS = Family(
    "hagane_queue_duration_seconds", "histogram", "How long rows waited for the model.", _ROUTE, SECONDS
)
MODEL_SECONDS = Family(
    "hagane_model_duration_seconds", "histogram", "How long the model ran for a request's rows.", _ROUTE, SECONDS
)
ROWS = Family("hagane_predicted_rows", "counter", "Rows that were answered with predictions.", _ROUTE)
RESPONSE_BYTES = Family("hagane_response_bytes", "counter", "Bytes of answers, without their headers.", _ROUTE)
BATCH_ROWS = Family("hagane_batch_rows", "histogram", "Rows of one run of the model.", _MODEL, COUNTS)
BATCH_REQUESTS = Family("hagane_batch_requests", "histogram", "Requests of one run of the model.", _MODEL, COUNTS)
IN_FLIGHT = Family(
    "hagane_requests_in_flight", "gauge", "Predictions in work or waiting, on the event loop or on threads.", ("way",)
)
ADMISSION_LIMIT = Family("hagane_admission_limit_requests", "gauge", "How many of them are let in now.", ("way",))
REJECTIONS = Family("hagane_rejected_requests", "counter", "Requests that were refused, by reason.", ("reason",))
LOG_REQUESTS = Family("hagane_request_log_requests", "counter", "Requests that the request log holds.", ("endpoint",))
LOG_ROWS = Family("hagane_request_log_rows", "counter", "Their rows.", ("endpoint",))
LOG_DROPPED = Family(
    "hagane_request_log_dropped_requests",
    "counter",
    "Requests that were to be logged and were not, by reason.",
    ("endpoint", "reason"),
)
FEEDBACK_ROWS = Family("hagane_feedback_rows", "counter", "Rows of ground truth that were taken.", ("endpoint",))
ACCESS_LOG_DROPPED = Family(
    "hagane_access_log_dropped_lines", "counter", "Lines that the access log had no room for, or could not write."
)
MIRROR_DROPPED = Family(
    "hagane_mirror_dropped",
    "counter",
    "Requests that a mirrored version was to see and did not: too many waited.",
    _MODEL,
)
MODEL_LOADS = Family(
    "hagane_model_loads", "counter", "Versions that were loaded, or could not be.", (*_MODEL, "outcome")
)
MODEL_LOAD_SECONDS = Family(
    "hagane_model_load_duration_seconds", "histogram", "How long a version took to load and warm.", _MODEL, SECONDS
)
MODEL_INFO = Family(
    "hagane_deployed_model_info",
    "gauge",
    "1 for each version that is loaded, with its identity.",
    (*_MODEL, "deployed_model_id"),
    merge="max",
)
READY = Family("hagane_ready", "gauge", "Processes that are ready.")
LOOP_TIME = Family(
    "hagane_event_loop_timestamp_seconds", "gauge", "When an event loop last turned, in Unix time.", merge="max"
)
WORKERS = Family("hagane_workers", "gauge", "Processes that answer.")
REPLACED = Family("hagane_replaced_workers", "counter", "Workers that ended by themselves, or hung, and were replaced.")
CERTIFICATE_END = Family(
    "hagane_tls_certificate_not_after_timestamp_seconds", "gauge", "When the server's certificate ends.", merge="max"
)
COLLECTIONS = Family("python_gc_collections", "counter", "Runs of Python's garbage collector.", ("generation",))
PAUSES = Family("python_gc_pause_seconds", "counter", "How long they stopped everything.", ("generation",))
CPU_SECONDS = Family("process_cpu_seconds", "counter", "CPU time of a process that lives.", ("pid",))
RESIDENT = Family("process_resident_memory_bytes", "gauge", "Memory that the process has in use.", ("pid",))
OPEN_FDS = Family("process_open_fds", "gauge", "Open file descriptors.", ("pid",))
MAX_FDS = Family("process_max_fds", "gauge", "Most file descriptors that it may open.", ("pid",))
START_TIME = Family("process_start_time_seconds", "gauge", "When the process began, in Unix time.", ("pid",))

FAMILIES = (
    REQUESTS, REQUEST_SECONDS, QUEUE_SECONDS, MODEL_SECONDS, ROWS, RESPONSE_BYTES, BATCH_ROWS, BATCH_REQUESTS,
    IN_FLIGHT, ADMISSION_LIMIT, REJECTIONS, LOG_REQUESTS, LOG_ROWS, LOG_DROPPED, FEEDBACK_ROWS, ACCESS_LOG_DROPPED,
    MIRROR_DROPPED, MODEL_LOADS, MODEL_LOAD_SECONDS, MODEL_INFO, READY, LOOP_TIME, WORKERS, REPLACED, CERTIFICATE_END,
    COLLECTIONS, PAUSES,
    CPU_SECONDS, RESIDENT, OPEN_FDS, MAX_FDS, START_TIME,
)  # fmt: skip
"""In the order in which they are told."""
