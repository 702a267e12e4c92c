"""What the page of a study adds to the style of all pages."""

STYLE = """
.facts dd{font-variant-numeric:tabular-nums;font-weight:600}.facts .range{color:var(--soft);font-weight:400;
font-size:.84rem}
.said{margin:0;padding-left:1.2em}
circle.early{fill:var(--card);stroke:var(--first);stroke-width:1.6}circle.beyond{stroke-dasharray:2 1.6}
.cross{fill:none;stroke:var(--warn);stroke-width:1.8}.cross.infeasible{stroke:var(--soft)}
circle.cross{stroke:var(--soft);stroke-width:1.4}
.curve{fill:none;stroke:var(--first);stroke-width:1.4;stroke-opacity:.55;stroke-linejoin:round}
.curve.early{stroke:var(--soft);stroke-opacity:.6}.curve.best{stroke:var(--second);stroke-width:2.6;stroke-opacity:1}
.rung{stroke:var(--soft);stroke-dasharray:2 4;stroke-width:1.2}
.parallel{display:block;height:auto;margin:0 auto;touch-action:pan-x}
.way{fill:none;stroke:var(--first);stroke-width:1.5;stroke-linejoin:round}
.r0{stroke-opacity:.85}.r1{stroke-opacity:.6}.r2{stroke-opacity:.42}.r3{stroke-opacity:.28}.r4{stroke-opacity:.2}
.way.early{stroke:var(--soft);stroke-opacity:.4;stroke-dasharray:5 3}.way.best{stroke:var(--second);stroke-width:3}
.upright{stroke:var(--ink);stroke-width:1.2}.strip{fill:transparent}
.scripted .strip{cursor:row-resize;touch-action:none}
.parallel .tick,.parallel .axis{paint-order:stroke;stroke:var(--card);stroke-width:3px;stroke-linejoin:round;
pointer-events:none}
.chosen-range{fill:var(--second);fill-opacity:.28;stroke:var(--second);pointer-events:none}
.timeline{display:block;width:max(100%,520px);max-width:860px;height:auto;margin:0 auto}
.ran{fill:var(--first)}.ran.stopped{fill:var(--first);fill-opacity:.38}.ran.failed{fill:var(--warn)}
.ran.infeasible{fill:var(--soft);fill-opacity:.5}.pause{stroke:var(--second);stroke-dasharray:3 3;stroke-width:1.6}
.plots{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,270px),1fr));gap:6px 18px}
.plots h3{font-size:.95rem;margin:6px 0 0;overflow-wrap:anywhere}
.key .swatch{display:inline-block;width:14px;height:10px;border-radius:2px;margin-right:5px}
.swatch.ran{background:var(--first)}.swatch.stopped{background:color-mix(in srgb,var(--first) 38%,var(--card))}
.swatch.failed{background:var(--warn)}.swatch.infeasible{background:color-mix(in srgb,var(--soft) 50%,var(--card))}
.state{white-space:nowrap}.state.failed{color:var(--warn)}.state.infeasible,.state.requested{color:var(--soft)}
tr.best>*{background:var(--shade);font-weight:600}tr[hidden]{display:none}
.trials th:first-child{min-width:3em}.trials td{max-width:20em;overflow:hidden;text-overflow:ellipsis}
.scripted .trials thead th{cursor:pointer}
th[aria-sort]::after{content:" ▲"}th[aria-sort=descending]::after{content:" ▼"}
.tall{max-height:34rem;overflow:auto}.tall thead th{position:sticky;top:0;background:var(--card);z-index:1}
[data-trial]{transition:opacity .12s}.faded:not(tr){opacity:.08}
.lit.way,.lit.curve{stroke:var(--warn);stroke-opacity:1;stroke-width:3.4;opacity:1}
circle.lit{stroke:var(--warn);stroke-width:3}tr.lit>*{background:color-mix(in srgb,var(--warn) 18%,var(--card))}
rect.lit{stroke:var(--warn);stroke-width:2.4}
#told{position:sticky;bottom:0;margin:8px 0 0;padding:6px 10px;border-radius:8px;background:var(--shade);
font-size:.875rem;min-height:2.2em}#told:empty{visibility:hidden}
@media print{.tall{max-height:none}#told{display:none}}
"""
