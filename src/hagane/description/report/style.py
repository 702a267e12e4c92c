"""What the page of a description adds to the style of all pages."""

STYLE = """
nav{display:flex;flex-wrap:wrap;gap:4px 18px;margin:10px 0 0;font-size:.94rem}
nav a,.card a{color:var(--first)}
a:focus-visible,summary:focus-visible{outline:2px solid var(--first);outline-offset:2px}
section.part{margin:26px 0 0}section.part>h2{font-size:1.3rem;margin:0 0 4px;overflow-wrap:anywhere}
.figures{display:flex;flex-wrap:wrap;gap:10px 36px;margin:14px 0 0}.figures div{min-width:0}
.figures b{display:block;font-size:1.5rem;line-height:1.2;font-variant-numeric:tabular-nums}
.figures span{color:var(--soft);font-size:.875rem}
.columns{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,255px),1fr));gap:14px}
.columns .card{padding:14px 16px}.columns h3,.plots h3{font-size:1rem;margin:0;overflow-wrap:anywhere}
.columns .type{color:var(--soft);font-size:.8rem;margin:0 0 6px}
.mini{display:block;width:100%;height:72px}.mini path{fill:var(--fill)}.mini line{stroke:var(--rule)}
.ends{display:flex;justify-content:space-between;gap:8px;color:var(--soft);font-size:.78rem;
font-variant-numeric:tabular-nums}
.facts{margin:6px 0 0;font-size:.84rem;color:var(--soft)}.warn{color:var(--warn);font-size:.84rem;margin:6px 0 0}
.columns .bars{font-size:.84rem;gap:2px 8px;grid-template-columns:minmax(0,1fr) auto;margin:4px 0 0;
grid-auto-flow:dense}.columns .bars>span{grid-column:1;line-height:1.35}.columns .bars>.figure{grid-column:2}
.columns .bars>.bar{grid-column:1/-1;height:5px;margin-bottom:4px}
.part .bins .bar{height:9px}.bins{font-size:.84rem;gap:3px 10px}
.plots{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,300px),1fr));gap:14px}
.plots .card{padding:14px 16px}.plots .note{margin:4px 0 0}
.points{fill:none;stroke:var(--fill);stroke-width:5;stroke-linecap:round;stroke-opacity:.62}
.few-points .points{stroke-width:7;stroke-opacity:.85}circle.sways{fill:none;stroke:var(--warn);stroke-width:2.4}
.heat{--up:#1f5fa8;--down:#a63d1d;--weak:#000;--strong:#fff;display:block;width:100%;height:auto;margin:0 auto}
.heat text{font-size:11px;fill:var(--ink)}.heat .up{fill:var(--up)}.heat .down{fill:var(--down)}
.heat text.figure{font-size:9.5px;text-anchor:middle;fill:var(--weak)}.heat text.strong{fill:var(--strong)}
.heat .none{fill:var(--shade)}
@media screen and (prefers-color-scheme:dark){.heat{--up:#468ad2;--down:#d2694a;--weak:#fff;--strong:#000}}
ul.said{margin:6px 0 0;padding-left:1.15em}ul.said li{margin:0 0 4px}
.equation{font:.9rem/1.6 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}
@media print{nav{display:none}.columns,.plots{grid-template-columns:1fr 1fr 1fr}.heat{min-width:0!important}
section.part>h2{break-inside:avoid}section.part>h2::after{content:"";display:block;height:9rem;margin-bottom:-9rem}}
"""
