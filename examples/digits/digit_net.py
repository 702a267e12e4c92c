"""A convolutional network for images of 28 x 28 pixels, as a model of your own.

    model:
      type: torch_classifier
      options: {module: "digit_net:DigitNet", max_iterations: 8}

The feature `pixels` is an array of 784 numbers, row by row. On the 10,000 images of MNIST's test set, a fifth of them
held out, it reaches an accuracy of 0.98.
"""

import torch
from torch import Tensor, nn

from hagane import TorchInputs

SIDE = 28


class DigitNet(nn.Module):
    """Two convolutions, each normalised and followed by a maximum over 2 x 2 pixels, then a hidden layer."""

    def __init__(self, inputs: TorchInputs, *, channels: int = 8, hidden: int = 64, dropout: float = 0.5):
        super().__init__()
        if inputs["pixels"].width != SIDE * SIDE:
            raise ValueError(f"pixels are {inputs['pixels'].width} numbers, not {SIDE} x {SIDE}")
        self.layers = nn.Sequential(
            nn.Conv2d(1, channels, 5, padding=2),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(channels, 2 * channels, 5, padding=2),
            nn.BatchNorm2d(2 * channels),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(2 * channels * (SIDE // 4) ** 2, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, inputs.num_outputs),
        )

    def forward(self, features: dict[str, Tensor]) -> Tensor:
        """`pixels` [n, 784], standardised or from 0 to 1 → a logit for each digit [n, 10]."""
        return self.layers(torch.reshape(features["pixels"], (-1, 1, SIDE, SIDE)))
