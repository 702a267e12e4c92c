"""Metrics on numpy arrays: one idea a file, each formula with its source.

A metric answers a float, or `Undefined` with the reason (one class only, no rows, …); none answers NaN. A row is
predicted positive when its score is >= the threshold. The oracle of the tests is scikit-learn.
"""
