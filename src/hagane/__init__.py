"""Hagane: raw rows in, a trained, tested, served model out."""
