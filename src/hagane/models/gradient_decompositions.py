"""`gradient_decompositions`: what torch's gradients are made of, as operators that have an ONNX form.

torch takes most of its backward operators apart itself; those that it leaves whole are spelled out here, with torch's
own signatures. Gradients in weights are not asked for: explanations move rows, not weights.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch._decomp import core_aten_decompositions, decomposition_table

aten = torch.ops.aten


def forward_decompositions() -> dict[Any, Callable[..., Any]]:
    """Of operators that torch has no gradient of, or one for fixed numbers of rows alone."""
    recurrent = (aten.lstm.input, aten.gru.input, aten.rnn_tanh.input, aten.rnn_relu.input)
    return {
        **{operator: decomposition_table[operator] for operator in recurrent if operator in decomposition_table},
        aten._native_batch_norm_legit_no_training.default: _batch_norm,
    }


def gradient_decompositions() -> dict[Any, Callable[..., Any]]:
    """Operator → what it is made of."""
    return {
        **core_aten_decompositions(),
        aten.constant_pad_nd.default: _pad,
        aten.slice_backward.default: _slice_backward,
        aten.select_backward.default: _select_backward,
        aten.convolution_backward.default: _convolution_backward,
        aten.max_pool2d_with_indices_backward.default: _max_pool_backward,
        aten.avg_pool2d_backward.default: _avg_pool_backward,
    }


def _batch_norm(  # noqa: PLR0917
    x: Tensor, weight: Tensor | None, bias: Tensor | None, mean: Tensor, variance: Tensor, momentum: float, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    """`aten._native_batch_norm_legit_no_training`, which torch has no gradient of: a product and a sum."""
    shape = [1, -1, *(1,) * (x.dim() - 2)]
    scale = torch.rsqrt(variance + eps) * (1 if weight is None else weight)
    shift = (0 if bias is None else bias) - mean * scale
    empty = x.new_zeros(0)
    return x * scale.view(shape) + shift.view(shape), empty, empty


def _pad(x: Tensor, pad: Sequence[int], value: float = 0) -> Tensor:
    """As torch does it, which fixes the number of rows on the way."""
    for place in range(0, len(pad), 2):
        axis = x.dim() - 1 - place // 2
        cut = [max(0, -amount) for amount in pad[place : place + 2]]
        if any(cut):
            x = x.narrow(axis, cut[0], x.shape[axis] - sum(cut))
        before, behind = (max(0, amount) for amount in pad[place : place + 2])
        x = _with_zeros(x, axis, before, behind, value=value)
    return x


def _with_zeros(x: Tensor, axis: int, before: int, behind: int, value: float = 0) -> Tensor:
    """`x` with so much of `value` at either end of an axis."""

    def filled(amount: int) -> Tensor:
        return x.new_full([*x.shape[:axis], amount, *x.shape[axis:][1:]], value)

    parts = [*([filled(before)] if before else []), x, *([filled(behind)] if behind else [])]
    return torch.cat(parts, axis) if len(parts) > 1 else x.clone()


def _slice_backward(  # noqa: PLR0917
    gradient: Tensor, sizes: Sequence[int], axis: int, begin: int, end: int, step: int
) -> Tensor:
    """Zeros on either side, in place of a tensor of zeros that is written into."""
    if step == 1 and begin == 0 and end == sys.maxsize:
        return gradient.clone()
    if step != 1 or begin < 0 or not isinstance(sizes[axis], int):
        found: Tensor = aten.slice_scatter(gradient.new_zeros(sizes), gradient, axis, begin, end, step)
        return found
    return _with_zeros(gradient, axis, begin, sizes[axis] - begin - gradient.shape[axis])


def _select_backward(gradient: Tensor, sizes: Sequence[int], axis: int, place: int) -> Tensor:
    """As of a slice of one."""
    begin = place % sizes[axis]
    return _slice_backward(gradient.unsqueeze(axis), sizes, axis, begin, begin + 1, 1)


def _convolution_backward(  # noqa: PLR0917
    gradient: Tensor, x: Tensor, weight: Tensor, bias_sizes: Sequence[int] | None, stride: Sequence[int],
    padding: Sequence[int], dilation: Sequence[int], transposed: bool, output_padding: Sequence[int], groups: int,
    output_mask: Sequence[bool],
) -> tuple[Tensor | None, None, None]:  # fmt: skip
    """The gradient in `x` alone, by the convolution the other way."""
    if any(output_mask[1:]):
        raise NotImplementedError("a convolution whose weights are computed")
    if transposed:
        return aten.convolution(gradient, weight, None, stride, padding, dilation, False, [0], groups), None, None
    left = []
    for axis in range(x.dim() - 2):
        taps = dilation[axis] * (weight.shape[axis + 2] - 1)
        reach = (gradient.shape[axis + 2] - 1) * stride[axis] - 2 * padding[axis] + taps + 1
        left.append(x.shape[axis + 2] - reach)
    return aten.convolution(gradient, weight, None, stride, padding, dilation, True, left, groups), None, None


def _max_pool_backward(  # noqa: PLR0917
    gradient: Tensor, x: Tensor, kernel_size: Sequence[int], stride: Sequence[int], padding: Sequence[int],
    dilation: Sequence[int], ceil_mode: bool, indices: Tensor,
) -> Tensor:  # fmt: skip
    """What each largest number was chosen for, added up at its place."""
    zeros = torch.zeros_like(x).flatten(-2)
    return zeros.scatter_add(-1, indices.flatten(-2), gradient.flatten(-2)).view(x.shape)


def _avg_pool_backward(  # noqa: PLR0917
    gradient: Tensor, x: Tensor, kernel_size: Sequence[int], stride: Sequence[int], padding: Sequence[int],
    ceil_mode: bool, count_include_pad: bool, divisor_override: int | None,
) -> Tensor:  # fmt: skip
    """The gradient in equal parts, by the convolution the other way with one kernel for every channel."""
    if ceil_mode or (any(padding) and not count_include_pad):
        raise NotImplementedError("an average pool of windows of several sizes")
    (height, width), steps, channels = kernel_size, list(stride) or list(kernel_size), x.shape[-3]
    kernel = gradient.new_full((channels, 1, height, width), 1 / (divisor_override or height * width))
    return _convolution_backward(gradient, x, kernel, None, steps, padding, [1, 1], False, [0, 0], channels,
                                 [True, False, False])[0]  # fmt: skip
