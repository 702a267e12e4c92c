"""A module of the user's own: made, tried on a few rows, and exported once, before anything is trained."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import onnxruntime as ort
import torch
from torch import Tensor

from hagane.errors import Fault, SpecError
from hagane.models.module_class import WHERE, load_module_class, user_frame
from hagane.models.named_features import NamedFeatures
from hagane.models.torch_export import SAMPLE_ROWS, export_model, sample_inputs
from hagane.models.torch_inputs import TorchInputs
from hagane.number_text import brief_text
from hagane.runtime.session import session_options

LARGEST_DIFFERENCE = 1e-3
"""Between torch and the graph of an untrained module; what is published is held to the family's tolerance."""
MOST_LINES, MOST_TEXT = 3, 600
"""Of an exception's text that a fault shows."""
_COLOURS = re.compile("\x1b\\[[0-9;]*m")


def make_module(path: str, module_options: Mapping[str, Any], inputs: TorchInputs) -> NamedFeatures:
    """`Class(inputs, **module_options)` between the tensors of a step and its named features. Raises SpecError."""
    found = load_module_class(path)
    try:
        module = found(inputs, **module_options)
    except Exception as error:
        called = ", ".join(["inputs", *(f"{name}=…" for name in module_options)])
        fault = _failed(f"{path} cannot be made", error, expected=f"{_signature(found)}, called as Class({called})")
        raise SpecError(fault) from error
    return NamedFeatures(module, inputs)


def check_module(path: str, module_options: Mapping[str, Any], inputs: TorchInputs) -> None:
    """Raises SpecError: the module cannot be made, fails on rows, answers another shape, or cannot be exported."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        module = make_module(path, module_options, inputs).eval()
        _check_loss(path, module, _answered(path, module, sample_inputs(inputs)))
        _check_rows_apart(path, module)
        _check_graph(path, module)


def _answered(path: str, module: NamedFeatures, given: tuple[Tensor, ...]) -> Tensor:
    """What the module answers to a few rows, its shape and type checked."""
    named = {feature.name: feature.kind.value for feature in module.inputs.features}
    try:
        with torch.no_grad():
            output = module(*given)
    except Exception as error:
        step = "forward(features) is given a dict by feature name: " + ", ".join(list(named)[:10])
        raise SpecError(_failed(f"{path}.forward fails", error, step=step)) from error
    wanted = (SAMPLE_ROWS, module.inputs.num_outputs)
    is_tensor = isinstance(output, Tensor)
    if not is_tensor or tuple(output.shape) != wanted or not output.is_floating_point():
        received = f"{_shape_text(output)} {_dtype_text(output)}" if is_tensor else f"a {type(output).__name__}"
        raise SpecError(
            Fault(
                what=f"{path}.forward answers another shape",
                where=WHERE,
                expected=_answer_text(wanted),
                received=received,
            )
        )
    return output


def _answer_text(wanted: tuple[int, int]) -> str:
    """What `forward` is to answer to so many rows, of one output either way."""
    rows, outputs = wanted
    shapes = f"[{rows}, {outputs}]" + (f" or [{rows}]" if outputs == 1 else "")
    return f"[n, {outputs}] (inputs.num_outputs) floating-point numbers for n rows, here {shapes}"


def _shape_text(tensor: Tensor) -> str:
    return f"[{', '.join(map(str, tensor.shape))}]"


def _dtype_text(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _check_loss(path: str, module: NamedFeatures, output: Tensor) -> None:
    """`loss(output, label)`, where the class has it, answers a loss for each row."""
    if not callable(loss := getattr(module.module, "loss", None)):
        return
    inputs = module.inputs
    shape = (len(output),) if inputs.num_labels == 1 else (len(output), inputs.num_labels)
    class_type = torch.int64 if inputs.num_labels == 1 else torch.uint8
    label = torch.zeros(shape, dtype=class_type if inputs.num_classes else torch.float32)
    try:
        with torch.no_grad():
            found = loss(output, label)
    except Exception as error:
        raise SpecError(_failed(f"{path}.loss fails", error)) from error
    if not isinstance(found, Tensor) or tuple(found.shape) != (len(output),):
        received = _shape_text(found) if isinstance(found, Tensor) else f"a {type(found).__name__}"
        raise SpecError(
            Fault(what=f"{path}.loss answers another shape", where=WHERE, received=received,
                  expected="a loss for each row, [n]: weights multiply them",
                  next_step="torch's losses have reduction='none'")
        )  # fmt: skip


def _check_rows_apart(path: str, module: NamedFeatures) -> None:
    """In evaluation, a row is answered as if it were alone."""
    rows, (dense, ids, *entries) = SAMPLE_ROWS, sample_inputs(module.inputs, 2 * SAMPLE_ROWS)
    first = []
    for offsets, slots, weights in zip(entries[::3], entries[1::3], entries[2::3], strict=True):
        end = int(offsets[rows])
        first += [offsets[: rows + 1], slots[:end], weights[:end]]
    with torch.no_grad():
        together, apart = module(dense, ids, *entries)[:rows], module(dense[:rows], ids[:rows], *first)
    difference = float(((together - apart).abs() / torch.clamp(apart.abs(), min=1)).max())
    if not difference <= LARGEST_DIFFERENCE:
        raise SpecError(
            Fault(
                what=f"{path} answers a row otherwise when other rows stand beside it",
                where=WHERE,
                expected="in evaluation, an answer that depends on the row and the weights alone",
                received=f"a difference of {brief_text(difference, 6)}",
                next_step="let nothing in forward add up, normalise or sample over the batch outside of training",
            )
        )


def _check_graph(path: str, module: NamedFeatures) -> None:
    """The module becomes a graph that ONNX Runtime runs, and that answers what torch answers, to any number of rows."""
    try:
        graph = export_model(module).SerializeToString()
        session = ort.InferenceSession(graph, session_options(1), providers=["CPUExecutionProvider"])
        difference = max(_difference(module, session, rows) for rows in (SAMPLE_ROWS, 2 * SAMPLE_ROWS))
    except Exception as error:
        step = "write forward with operations that torch.onnx.export(…, dynamo=True) knows, whatever the number of rows"
        raise SpecError(_failed(f"{path} cannot be exported to ONNX", error, step=step)) from error
    if not difference <= LARGEST_DIFFERENCE:
        raise SpecError(
            Fault(
                what=f"the graph of {path} does not answer what the module answers",
                where=WHERE,
                expected=f"a difference of at most {brief_text(LARGEST_DIFFERENCE, 6)}",
                received=brief_text(difference, 6),
                next_step="let what forward answers depend on the rows and the weights alone",
            )
        )


def _difference(module: NamedFeatures, session: ort.InferenceSession, rows: int) -> float:
    """|graph − torch| / max(1, |torch|), the largest over some rows."""
    given = sample_inputs(module.inputs, rows)
    with torch.no_grad():
        expected = module(*given).numpy()
    names = [each.name for each in session.get_inputs()]
    present = [tensor.numpy() for tensor in given if tensor.numel()]
    (found,) = session.run(None, dict(zip(names, present, strict=True)))
    return float(np.max(np.abs(found - expected) / np.maximum(1, np.abs(expected))))


def _failed(what: str, error: BaseException, *, expected: str = "", step: str = "") -> Fault:
    """What the user's code, or torch on its behalf, raised: the first lines of it, and where in their code."""
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    text = _COLOURS.sub("", f"{type(error).__name__}: {error}")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    where = user_frame(error)
    return Fault(what=what, where=where or WHERE, expected=expected, received="; ".join(lines[:MOST_LINES])[:MOST_TEXT],
                 next_step=step)  # fmt: skip


def _signature(found: type) -> str:
    try:
        return f"{found.__name__}{inspect.signature(found)}"
    except (TypeError, ValueError):
        return found.__name__
