"""The request log: sampled requests and predictions as Parquet by the hour, and the truth that arrives later.

Nothing here imports pyarrow before a log is written or read.
"""
