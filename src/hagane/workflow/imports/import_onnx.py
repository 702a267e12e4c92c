"""`import_onnx`: an ONNX model of any maker inside a bundle's graph.

Each input tensor becomes a column of the same name: [n] and [n, 1] a number, a truth value or a text, [n, d] and more
axes an array of as many numbers (in row-major order). Each output becomes a column likewise; a ZipMap, scikit-learn's
map from class to probability, becomes an array of (label, prob), as classifiers answer here. The model's own operators
and numbers stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError
from onnx import inliner, shape_inference, version_converter

from hagane.bundle.check_graph import check_graph
from hagane.errors import BundleError, DataError, Fault
from hagane.features.emit import Emitter
from hagane.features.emit_graph import emit_graph
from hagane.types import Column
from hagane.workflow.imports.imported_graph import ImportedGraph, finish_graph, imported_signature
from hagane.workflow.imports.onnx_ports import EXPORT_AGAIN, Answer, Port, input_port, output_port
from hagane.workflow.imports.raw_columns import RawColumns

PLAIN_OPSET, TARGET_OPSET = 18, 21
"""From the first on the nodes that we put around a model mean the same; older models are brought to the second."""
BY_CHANCE = ("Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike")


def import_onnx(path: Path, name: str, fields: Sequence[Column] = ()) -> ImportedGraph:
    """The model in the file `path`, called `name`.

    `fields` name the columns that fill an input of several numbers, one each, where the model has no other. Raises
    DataError with every fault of a model that cannot stand in a bundle.
    """
    model = _read(path)
    ports, answers = _ports(model, path)
    spreads = bool(fields) and len(ports) == 1 and not ports[0].is_scalar
    columns = tuple(fields) if spreads else tuple(Column(port.name, port.type) for port in ports)
    _check_fields(ports, fields, path, spreads=spreads)
    emitter = Emitter()
    raw = RawColumns(emitter, columns)
    feeds = {port.name: port.feed_from(emitter, raw, columns) if spreads else port.feed(emitter, raw) for port in ports}
    emitted = emit_graph(emitter, _without_maps(model.graph), feeds)
    tensors: dict[str, str] = {}
    for answer, tensor in zip(answers, emitted, strict=True):
        tensors |= answer.emit(emitter, tensor)
    outputs = tuple(answer.column for answer in answers)
    opsets = {each.domain: each.version for each in model.opset_import}
    graph = finish_graph(emitter, raw, outputs, tensors, opsets=opsets, ir_version=model.ir_version)
    _check_graph(graph, path)
    widths = {} if spreads else {port.name: port.width for port in ports}
    signature = imported_signature("onnx", name, columns, outputs, widths)
    about = {
        "producer": f"{model.producer_name} {model.producer_version}".strip(),
        "operators": ", ".join(f"{domain or 'ai.onnx'} {version}" for domain, version in sorted(opsets.items())),
    }
    return ImportedGraph(model=graph, signature=signature, about=about)


def _read(path: Path) -> onnx.ModelProto:
    """The model, its tensors with it, its functions inlined, in operators that ours can stand beside."""
    try:
        model = onnx.load(path)
        onnx.checker.check_model(model)
    except (DecodeError, onnx.checker.ValidationError, OSError, ValueError) as error:
        what = f"not an ONNX model: {str(error).splitlines()[0][:200] if str(error) else type(error).__name__}"
        raise DataError(Fault(what=what, where=str(path), expected="a file as onnx.save writes it")) from None
    if model.functions:
        model = inliner.inline_local_functions(model)
    own = next((each.version for each in model.opset_import if each.domain in ("", "ai.onnx")), TARGET_OPSET)
    if own < PLAIN_OPSET:
        try:
            model = version_converter.convert_version(model, TARGET_OPSET)
        except Exception as error:
            what = f"its operators are of version {own}, and cannot be brought to version {TARGET_OPSET}"
            step = f"export it again for opset {PLAIN_OPSET} or newer"
            raise DataError(Fault(what=f"{what}: {error}"[:300], where=str(path), next_step=step)) from None
    for each in model.opset_import:
        each.domain = "" if each.domain == "ai.onnx" else each.domain
    return shape_inference.infer_shapes(model)


def _ports(model: onnx.ModelProto, path: Path) -> tuple[list[Port], list[Answer]]:
    """What goes in and comes out. Raises DataError with every fault."""
    graph = model.graph
    held = {tensor.name for tensor in graph.initializer}
    maps = {node.output[0]: node for node in graph.node if node.op_type == "ZipMap"}
    inputs = [input_port(value) for value in graph.input if value.name not in held]
    outputs = [output_port(value, maps.get(value.name)) for value in graph.output]
    faults = [each for each in (*inputs, *outputs) if isinstance(each, Fault)]
    faults += _model_faults(graph, len(inputs))
    if faults:
        raise DataError(*(Fault(what=each.what, where=str(path), expected=each.expected, next_step=each.next_step)
                          for each in faults))  # fmt: skip
    return [each for each in inputs if isinstance(each, Port)], [each for each in outputs if isinstance(each, Answer)]


def _model_faults(graph: onnx.GraphProto, num_inputs: int) -> Iterator[Fault]:
    if not num_inputs:
        yield Fault(what="the model has no inputs", next_step=EXPORT_AGAIN)
    if graph.sparse_initializer:
        yield Fault(what="the model holds sparse tensors", next_step="export it with dense ones")
    chance = sorted({node.op_type for node in graph.node} & {*BY_CHANCE})
    if chance:
        what = f"it answers by chance ({', '.join(chance)}): no two answers would be the same"
        yield Fault(what=what, next_step="export it for inference")


def _check_fields(ports: list[Port], fields: Sequence[Column], path: Path, *, spreads: bool) -> None:
    """Raises DataError where the columns named do not fill the inputs."""
    if not fields:
        return
    if spreads:
        if len(fields) != ports[0].width or any(field.type.is_array for field in fields):
            raise DataError(Fault(
                what=f"the columns named do not fill the input '{ports[0].name}'",
                where=str(path),
                expected=f"{ports[0].width} columns, a number each",
                received=", ".join(f"{field.name} {field.type.value}" for field in fields),
            ))  # fmt: skip
        return
    asked, there = {field.name: field.type for field in fields}, {port.name: port.type for port in ports}
    if asked != there:
        raise DataError(Fault(
            what="the columns named are not the model's inputs",
            where=str(path),
            expected=", ".join(f"{name} {type_.value}" for name, type_ in there.items()),
            received=", ".join(f"{name} {type_.value}" for name, type_ in asked.items()),
            next_step="leave INPUT out: the file says what goes in",
        ))  # fmt: skip


def _without_maps(graph: onnx.GraphProto) -> onnx.GraphProto:
    """The graph that answers what goes into a ZipMap, where there is one."""
    bare = onnx.GraphProto()
    bare.CopyFrom(graph)
    sources = {node.output[0]: node.input[0] for node in graph.node if node.op_type == "ZipMap"}
    del bare.node[:]
    bare.node.extend(node for node in graph.node if node.op_type != "ZipMap")
    for output in bare.output:
        output.name = sources.get(output.name, output.name)
    return bare


def _check_graph(graph: bytes, path: Path) -> None:
    """Raises DataError where a bundle would be refused."""
    try:
        check_graph(graph)
    except BundleError as error:
        step = "export it with the operators of ONNX and ONNX Runtime alone"
        raise DataError(
            *(Fault(what=each.what, where=str(path), expected=each.expected, next_step=step) for each in error.faults)
        ) from None
