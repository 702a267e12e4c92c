"""`Explanations`: predictions, and what each raw column added to them."""

from __future__ import annotations

import dataclasses
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from hagane.bundle.predictions import Predictions

Floats = npt.NDArray[np.float64]
Space = Literal["raw", "output"]
"""`raw`: log odds, the class's score before the softmax, the logarithm of a rate, a share; `output`: what is predicted,
a probability or a number. A plain number is the same in both."""


@dataclasses.dataclass(frozen=True)
class Explanations:
    """Of n rows, q outputs each, over m raw columns.

    `attributions` of a row and output add up to `values` - `baselines`, but for `errors`.
    """

    predictions: Predictions
    """Of the same rows."""
    columns: tuple[str, ...]
    """[m] the raw columns, as the signature has them."""
    space: Space
    outputs: npt.NDArray[np.int64]
    """[n, q] what is explained: the place of a class, or of one of several labels; 0 of a number."""
    attributions: Floats
    """[n, q, m]."""
    baselines: Floats
    """[n, q] what is answered where nothing is known of a row, or for the baseline row."""
    values: Floats
    """[n, q] what is answered for the row."""
    errors: Floats
    """[n, q] |values - baselines - Σ attributions|."""

    def __len__(self) -> int:
        return len(self.outputs)

    def output_name(self, output: int) -> str | int | bool:
        """The class, or the label, that `output` is.

        Raises nothing: the output of a single number is its label.
        """
        signature = self.predictions.signature
        if signature.labels:
            return signature.labels[output].name
        return signature.classes[output] if signature.classes else signature.label

    def rows(self, top_k: int | None = None) -> list[dict[str, Any]]:
        """Plain Python, one dict a row, named as ML.EXPLAIN_PREDICT names them, behind what ML.PREDICT answers.

        `top_feature_attributions` are the `top_k` columns that matter most, or all of them, the largest first.
        A row with several outputs has a list of such dicts under `explanations`.
        """
        return [answer | self._explained(row, top_k) for row, answer in enumerate(self.predictions.rows())]

    def _explained(self, row: int, top_k: int | None) -> dict[str, Any]:
        explained = [self._told(row, place, top_k) for place in range(self.outputs.shape[1])]
        is_one = len(explained) == 1 and not self.predictions.signature.labels
        return explained[0] if is_one else {"explanations": explained}

    def order(self, row: int, place: int) -> list[int]:
        """The columns of a row's output, the one that matters most first, equal ones as the signature has them."""
        found: list[int] = np.argsort(-np.abs(self.attributions[row, place]), kind="stable").tolist()
        return found

    def _told(self, row: int, place: int, top_k: int | None) -> dict[str, Any]:
        added = self.attributions[row, place].tolist()
        output = self.outputs[row, place]
        told = {"output": self.output_name(int(output))} if self._names_output else {}
        return told | {
            "top_feature_attributions": [
                {"feature": self.columns[column], "attribution": added[column]}
                for column in self.order(row, place)[:top_k]
            ],
            "baseline_prediction_value": float(self.baselines[row, place]),
            "prediction_value": float(self.values[row, place]),
            "approximation_error": float(self.errors[row, place]),
        }

    @property
    def _names_output(self) -> bool:
        return bool(self.predictions.signature.classes or self.predictions.signature.labels)

    @classmethod
    def concatenate(cls, parts: list[Explanations]) -> Explanations:
        """One after another; `parts` holds at least one."""
        return dataclasses.replace(
            parts[0],
            predictions=Predictions.concatenate([part.predictions for part in parts]),
            outputs=np.concatenate([part.outputs for part in parts]),
            attributions=np.concatenate([part.attributions for part in parts]),
            baselines=np.concatenate([part.baselines for part in parts]),
            values=np.concatenate([part.values for part in parts]),
            errors=np.concatenate([part.errors for part in parts]),
        )
