"""The page at `/`: a form made from the signature, filled with the example, and the prediction of what is in it."""

from __future__ import annotations

import json
from typing import Any

from hagane.bundle.faults import path_to
from hagane.bundle.signature import Input
from hagane.page.markup import Markup, element, joined
from hagane.page.pieces import card
from hagane.page.whole_page import whole_page
from hagane.serving.served_model import ServedModel
from hagane.serving.start_message import curl_command
from hagane.serving.try_page_script import SCRIPT
from hagane.types import SqlType

POLICY = (
    b"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; "
    b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The page loads nothing, and talks to its own server alone."""
_STYLE = """
form{display:grid;gap:14px}.field{display:grid;gap:3px;min-width:0}.field label{font-weight:600;overflow-wrap:anywhere}
.row{display:flex;gap:10px;align-items:center}.row>:first-child{flex:1 1 auto;min-width:0}
input[type=text],select,textarea{font:inherit;width:100%;padding:9px 10px;color:inherit;background:var(--ground);
border:1px solid var(--soft);border-radius:8px}textarea{min-height:4.5em;resize:vertical}
input:disabled,textarea:disabled{opacity:.45}[aria-invalid=true]{border-color:var(--warn)!important;border-width:2px}
.field .null{display:flex;flex:none;gap:5px;align-items:center;font-weight:400;font-size:.84rem;color:var(--soft);
min-height:44px}a{color:var(--first)}
.null input{width:18px;height:18px}.fault{color:var(--warn);font-size:.875rem;margin:0;white-space:pre-wrap}
button{font:inherit;font-weight:650;padding:11px 18px;border:0;border-radius:8px;background:var(--first);
color:var(--card);cursor:pointer;min-height:44px}:focus-visible{outline:3px solid var(--first);outline-offset:2px}
#why h3{font-size:1rem;margin:14px 0 2px}.bar.down>i{background:var(--second)}
.answer{font-size:2rem;font-weight:680;line-height:1.15;overflow-wrap:anywhere;margin:0 0 10px}
"""
_HINTS = {
    SqlType.INT64: "a whole number",
    SqlType.FLOAT64: "a number",
    SqlType.TIMESTAMP: "2013-01-01T05:00:00Z",
    SqlType.DATE: "2013-01-01",
}


def try_page(model: ServedModel) -> str:
    """Self-contained HTML: no request leaves it but the one for a prediction."""
    signature, example = model.bundle.signature, model.example
    fields = [_field(index, column, example.get(column.name)) for index, column in enumerate(signature.inputs)]
    form = element("form", *fields, element("button", "Predict", type="submit"), id="row", novalidate="")
    answer = element("div", element("p", "…", class_="soft"), id="answer", aria_live="polite")
    why = element("div", id="why") if model.can_explain else ""
    links = element(
        "p",
        _link("/metadata", "What it takes and answers"),
        " · ",
        _link("/openapi.json", "OpenAPI"),
        class_="soft",
    )
    curl = element("pre", curl_command(model, ""), id="curl", tabindex=0)
    about = f"{signature.about}, version {model.version}"
    return whole_page(
        model.name,
        about,
        element("style", Markup(_STYLE)),
        card("A row", form, note="An empty number is NULL."),
        joined(card("Prediction", answer, why), card("From a terminal", curl, links, span="wide")),
        element("script", Markup(SCRIPT)),
    )


def _link(path: str, text: str) -> Markup:
    return element("a", text, href=path)


def _field(index: int, column: Input, value: Any) -> Markup:
    """The name, what it is, a control, and room for what is wrong with it."""
    id_ = f"c{index}"
    attributes: dict[str, Any] = {
        "id": id_,
        "data_name": column.name,
        "data_type": column.type.value,
        "data_place": path_to("instances[0]", column.name),
        "aria_describedby": f"{id_}-fault",
    }
    kind = column.type.value + (f", {column.origin}" if column.origin else "")
    label = element("label", column.name, " ", element("span", kind, class_="note"), for_=id_)
    fault = element("p", class_="fault", id=f"{id_}-fault")
    return element("div", label, _control(column.type, value, attributes), fault, class_="field")


def _control(type_: SqlType, value: Any, attributes: dict[str, Any]) -> Markup:
    if type_ is SqlType.BOOL:
        texts = ["null", "true", "false"]
        now = json.dumps(value)
        options = [element("option", text, value=text, selected="" if text == now else None) for text in texts]
        return element("select", *options, **attributes)
    text = value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)
    if type_.is_numeric:
        mode = "numeric" if type_ is SqlType.INT64 else "decimal"
        return _input(text, type_, inputmode=mode, **attributes)
    null = element(
        "label",
        element("input", type="checkbox", data_null=attributes["id"], checked="" if value is None else None),
        "NULL",
        class_="null",
    )
    control = element("textarea", text, rows=2, **attributes) if type_.is_array else _input(text, type_, **attributes)
    return element("div", control, null, class_="row")


def _input(text: str, type_: SqlType, **attributes: Any) -> Markup:
    hint = _HINTS.get(type_)
    return element("input", type="text", value=text, placeholder=hint, autocomplete="off", **attributes)
