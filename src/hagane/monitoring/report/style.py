"""What the page of an endpoint's windows adds to the style of all pages."""

STYLE = """
a{color:var(--first)}a:focus-visible,summary:focus-visible,.course:focus-visible,input:focus-visible{
outline:2px solid var(--first);outline-offset:2px}
.verdict-line{font-size:1.35rem;line-height:1.3;font-weight:640;margin:0 0 12px;display:flex;gap:12px;
align-items:baseline}.verdict-line i{flex:none;width:14px;height:14px;border-radius:50%;background:var(--soft)}
.verdict-line.off i{background:var(--warn);border-radius:3px;transform:rotate(45deg)}
.verdict-line.fine i{background:var(--good)}
.figures{display:flex;flex-wrap:wrap;gap:8px 34px;margin:0 0 14px}.figures div{min-width:0}
.figures b{display:block;font-size:1.3rem;line-height:1.2;font-variant-numeric:tabular-nums}
.figures span{color:var(--soft);font-size:.875rem}
.alerts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,300px),1fr));gap:12px;margin:0 0 12px}
.alert{border:1px solid var(--rule);border-left:4px solid var(--warn);border-radius:8px;padding:10px 14px;min-width:0;
overflow-wrap:anywhere}
.alert h3,.thing h3{font-size:1rem;margin:0;overflow-wrap:anywhere}.alert p{margin:2px 0 0;font-size:.9rem}
.change{font-size:.9rem;margin:2px 0 6px;overflow-wrap:anywhere}.alert .change{font-weight:600}
.soft-badge{color:var(--soft)}
.strip{display:flex;align-items:flex-end;gap:1px;height:64px;border-bottom:1px solid var(--rule)}
.strip.errors{height:32px}.strip i{flex:1 1 0;min-width:0;min-height:0;background:var(--fill);border-radius:2px 2px 0 0}
.strip.errors i{background:var(--warn)}.strip i.few{opacity:.4}
.strip-label{font-size:.8rem;color:var(--soft);margin:8px 0 4px}
.ends{display:flex;justify-content:space-between;gap:8px;color:var(--soft);font-size:.78rem;
font-variant-numeric:tabular-nums}
.heat{border-collapse:separate;border-spacing:1px;font-size:.8rem}
.heat th,.heat td{border:0;padding:0}.heat th[scope=row]{text-align:left;padding:1px 8px 1px 0;width:12.5em;
min-width:12.5em;max-width:12.5em;overflow:hidden;text-overflow:ellipsis;white-space:nowrap;font-weight:500;
position:sticky;left:0;background:var(--card);z-index:1}
.heat th small{color:var(--soft);font-weight:400}.heat a{color:inherit;text-decoration-color:var(--soft)}
.heat thead th,.heat td{font-size:0;min-width:9px;height:20px;border-radius:2px}.heat thead{display:none}
.heat .counts{display:none}.card:has(#figures:checked) .counts{display:table-row}.heat .counts td{color:var(--soft)}
.swatch.a,.heat .a{background:color-mix(in srgb,var(--fill) 10%,var(--card))}
.heat .b{background:color-mix(in srgb,var(--fill) 24%,var(--card))}
.swatch.c,.heat .c{background:color-mix(in srgb,var(--fill) 42%,var(--card))}
.heat .d{background:color-mix(in srgb,var(--fill) 64%,var(--card))}
.swatch.e,.heat .e{background:radial-gradient(circle,var(--card) 0 2px,transparent 2.4px),
color-mix(in srgb,var(--warn) 68%,var(--card))}
.swatch.f,.heat .f{background:radial-gradient(circle,var(--card) 0 3px,transparent 3.4px),var(--warn)}
.swatch.u,.heat .u{background:repeating-linear-gradient(135deg,var(--rule) 0 2px,transparent 2px 5px)}
.heat .n{background:var(--shade)}
.card:has(#figures:checked) .heat{font-size:.78rem}
.card:has(#figures:checked) .heat thead{display:table-header-group}
.card:has(#figures:checked) .heat thead th,.card:has(#figures:checked) .heat td{font-size:.74rem;padding:2px 5px;
text-align:right}
.card:has(#figures:checked) .heat .e,.card:has(#figures:checked) .heat .f{color:var(--card);font-weight:650;
background:var(--warn)}
.card:has(#figures:checked) .heat .d{color:var(--ink)}
.card:has(#figures:checked) .heat-ends{display:none}
.heat-ends{padding-left:calc(12.5em*.8*1.25)}
.tall{max-height:32rem;overflow:auto;margin-top:6px}.tall thead th{position:sticky;top:0;background:var(--card)}
.key .swatch{display:inline-block;width:16px;height:12px;border-radius:2px;margin-right:6px;vertical-align:-1px}
.key{margin-top:8px}.key.left{justify-content:flex-start;margin:0 0 10px}
.swatch.then{background:color-mix(in srgb,var(--soft) 45%,var(--card))}
.swatch.now{background:transparent;border:2px solid var(--first)}
.filter{display:none;flex-wrap:wrap;gap:8px 20px;align-items:center}.scripted .filter{display:flex}
.filter input[type=search]{font:inherit;padding:6px 10px;border:1px solid var(--rule);border-radius:8px;flex:1 1 220px;
min-width:0;max-width:420px;background:var(--ground);color:var(--ink)}
section.part{margin:10px 0 0;min-width:0}section.part>h2{font-size:1.3rem;margin:0 0 4px}
section.part>h2 small{color:var(--soft);font-size:.9rem;font-weight:400}
.things{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,300px),1fr));gap:14px}
details>.things{margin-top:12px}
.thing{padding:14px 16px;content-visibility:auto;contain-intrinsic-size:auto 320px;scroll-margin-top:12px}
.thing.off{border-color:var(--warn)}.thing[hidden],section[hidden],details[hidden]{display:none}
.thing:target{outline:2px solid var(--first)}
.figure-line{margin:8px 0 0;font-size:.84rem;color:var(--soft)}.figure-line b{color:var(--ink)}
.figure-line b.off{color:var(--warn)}
.both{display:block;width:100%;height:72px}.both line{stroke:var(--rule)}
.both .then{fill:color-mix(in srgb,var(--soft) 45%,var(--card))}
.both .now{fill:none;stroke:var(--first);stroke-width:2.2;vector-effect:non-scaling-stroke;stroke-linejoin:round}
.pairs{display:grid;grid-template-columns:minmax(0,1fr) auto;gap:1px 10px;font-size:.84rem;line-height:1.35}
.pairs>span{min-width:0;overflow-wrap:anywhere}.pairs .figure{text-align:right;font-variant-numeric:tabular-nums;
color:var(--soft)}
.pairs b{grid-column:1/-1;display:block;margin-bottom:5px}.pairs i{display:block;height:5px;border-radius:3px;
min-width:1px;background:var(--fill)}.pairs i.then{background:color-mix(in srgb,var(--soft) 45%,var(--card));
margin-bottom:1px}
.course{display:block;width:100%;height:auto;margin-top:2px;touch-action:pan-y}
.course .tick{font-size:10.5px}.stretch{fill:var(--warn);fill-opacity:.13}
.limit{fill:none;stroke:var(--warn);stroke-width:1.4;stroke-dasharray:5 3}
.course .line{stroke-width:1.8}.band{fill:var(--first);fill-opacity:.16}.band.estimate{fill:var(--second)}
.course .line.second{stroke-dasharray:2 3}
.dots{fill:none;stroke-linecap:round;stroke-width:6}.dots.off{stroke:var(--warn)}
.dots.few{stroke:var(--soft);stroke-width:3.5;stroke-opacity:.7}
.pointer{stroke:var(--ink);stroke-width:1;stroke-opacity:.5}
#told{position:sticky;bottom:8px;grid-column:1/-1;padding:6px 12px;border-radius:8px;background:var(--ink);
color:var(--ground);font-size:.875rem;z-index:2;font-variant-numeric:tabular-nums}#told:empty{visibility:hidden}
@media(max-width:520px){.verdict-line{font-size:1.15rem}
.heat th[scope=row]{width:8.5em;min-width:8.5em;max-width:8.5em}.heat td{min-width:3px}
.heat-ends{padding-left:calc(8.5em*.8*1.25)}}
@media print{.filter,#told{display:none!important}.tall{max-height:none;overflow:visible}
.thing{content-visibility:visible}
.strip i,.heat td,.pairs i,.swatch{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
"""
