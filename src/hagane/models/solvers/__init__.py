"""Iterative solvers of the linear models: each is a function from one frozen state to the next."""
