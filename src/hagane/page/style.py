"""The page's style sheet: light and dark, wide and narrow, screen and paper."""

STYLE = """
:root{color-scheme:light dark;--ground:#f5f4f1;--card:#fff;--ink:#1d2126;--soft:#5b636d;--rule:#dedcd6;--first:#1f5fa8;
--second:#8a5a00;--good:#1c6e42;--warn:#a63d1d;--fill:#1f5fa8;--shade:#eef2f7}
@media screen and (prefers-color-scheme:dark){:root{--ground:#14171b;--card:#1d2126;--ink:#e9eaec;--soft:#a4adb8;
--rule:#363c45;--first:#7db4f0;--second:#e0b25c;--good:#74cf9c;--warn:#f59a7b;--fill:#4b8fd8;--shade:#262c34}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);overflow-wrap:break-word;
font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;
-webkit-text-size-adjust:100%}
main{max-width:1120px;margin:0 auto;padding:28px 20px 48px}
header{margin-bottom:20px}h1{font-size:1.75rem;line-height:1.2;margin:0 0 4px;overflow-wrap:anywhere}
h2{font-size:1.08rem;margin:0 0 2px}p{margin:0 0 10px}.soft,figcaption,.note{color:var(--soft)}
.note,figcaption{font-size:.875rem}.note{margin:2px 0 10px}
.cards{display:grid;grid-auto-flow:dense;grid-template-columns:repeat(auto-fit,minmax(min(100%,322px),1fr));gap:16px}
.card{background:var(--card);border:1px solid var(--rule);border-radius:12px;padding:18px 20px;min-width:0}
.wide{grid-column:1/-1}
.hero{display:flex;flex-wrap:wrap;gap:12px 40px;align-items:center}
.hero .big{font-size:3.4rem;font-weight:680;line-height:1.05;letter-spacing:-.02em;font-variant-numeric:tabular-nums}
.hero .lead{flex:0 0 auto}.hero .scale{flex:1 1 300px;min-width:0}
.bars{display:grid;grid-template-columns:auto 1fr auto;gap:6px 12px;align-items:center;margin:0 0 8px}
.bars>span{min-width:0;overflow-wrap:anywhere}.bars .figure{text-align:right;font-variant-numeric:tabular-nums}
.bar{display:block;height:12px;border-radius:6px;background:var(--shade);overflow:hidden}
.bar>i{display:block;height:100%;background:var(--fill);border-radius:6px}.bar.base>i{background:var(--soft)}
.importance{grid-template-columns:fit-content(44%) minmax(0,1fr) auto}
.bins{grid-template-columns:fit-content(66%) minmax(30px,1fr) auto}
.scroll{overflow-x:auto;-webkit-overflow-scrolling:touch}
.scroll:focus-visible{outline:2px solid var(--first);outline-offset:2px}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:.94rem}
caption{text-align:left;color:var(--soft);font-size:.875rem;padding-bottom:6px}
th,td{padding:6px 10px;text-align:right;border-bottom:1px solid var(--rule);vertical-align:baseline;white-space:nowrap}
th{font-weight:600}thead th{color:var(--soft);font-size:.84rem}
th:first-child,td:first-child{text-align:left;padding-left:8px;white-space:normal;overflow-wrap:anywhere;
min-width:7.5em}.matrix thead>tr>:first-child{min-width:0}
.words{text-align:left}td.words{white-space:normal;min-width:7.5em}
tr:last-child>*{border-bottom:0}tr.chosen>*{background:var(--shade)}tr.few{color:var(--soft)}
.metrics td:last-child,.metrics th:last-child{text-align:left;white-space:normal}.worth{color:var(--soft);
font-size:.875rem}
.interval{display:block;color:var(--soft);font-size:.78rem}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,240px),1fr));gap:8px 24px;margin:0 0 12px}
.fact{min-width:0;overflow-wrap:anywhere}dt{color:var(--soft);font-size:.84rem}dd{margin:0}
ul{margin:0 0 12px;padding-left:1.3em}li{margin:3px 0}
.verdict{display:inline-block;width:1.3em;text-align:center}.matrix thead td{font-size:.8rem;text-align:right;
background:none}
@media(min-width:760px){.double{grid-column:span 2}
th:first-child,td:first-child{overflow-wrap:break-word;max-width:22em}}
@media(max-width:640px){.metrics td:last-child,.metrics th:last-child{display:none}}
.matrix th,.matrix td{text-align:center;border:2px solid var(--card);border-radius:6px}
.matrix td{padding:12px 8px;background:color-mix(in srgb,var(--fill) calc(var(--share)*55% + 4%),var(--card))}
.matrix thead th{width:7em}.matrix td.right{font-weight:650}.matrix small{display:block;font-weight:400}
.matrix th{max-width:12em;white-space:normal;overflow-wrap:break-word;padding:6px 5px}.matrix tbody th{text-align:right}
.badge{display:inline-block;font-size:.75rem;line-height:1.5;font-weight:600;padding:0 7px;
border:1px solid currentColor;
border-radius:9px;white-space:nowrap;margin-left:6px}
.badge.used{color:var(--first)}.badge.suggested{color:var(--second)}.badge.few{color:var(--warn)}
.better{color:var(--good)}.worse{color:var(--warn)}
figure{margin:0}.chart{display:block;width:100%;height:auto;max-width:560px;margin:4px auto}
.grid{stroke:var(--rule);stroke-width:1}.tick,.axis{fill:var(--soft);font-size:11px;font-family:inherit}
.axis{font-size:12px;fill:var(--ink)}.middle{text-anchor:middle}.end{text-anchor:end}
.line{fill:none;stroke-width:2.2;stroke-linejoin:round;stroke-linecap:round}.line.thin{stroke-width:1.4}
.line.first{stroke:var(--first)}.line.second{stroke:var(--second);stroke-dasharray:6 4}
.chance{fill:none;stroke:var(--soft);stroke-dasharray:4 4;stroke-width:1.2}.chance.strong{stroke:var(--ink)}
circle{stroke:var(--card);stroke-width:1.5}circle.used,circle.bin{fill:var(--first)}circle.suggested{fill:var(--second)}
.density{fill:var(--fill)}
.key{display:flex;flex-wrap:wrap;gap:4px 18px;font-size:.875rem;color:var(--soft);justify-content:center}
.key svg{width:22px;height:12px;vertical-align:-1px;margin-right:5px}
pre{margin:0;overflow-x:auto;font:.84rem/1.55 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;tab-size:2}
summary{cursor:pointer;font-weight:600}summary h2{display:inline}details[open] summary{margin-bottom:10px}
footer{margin-top:24px;color:var(--soft);font-size:.84rem}
@media(max-width:520px){main{padding:18px 12px 36px}.card{padding:14px}h1{font-size:1.4rem}.hero .big{font-size:2.8rem}
th,td{padding:6px 7px}}
@page{margin:14mm}
@media print{:root{color-scheme:light}body{background:#fff}main{max-width:none;padding:0}
.card,tr,figure,svg{break-inside:avoid}.card{border-color:#bbb}h2,h3,.note,thead{break-after:avoid}
.bar,.bar>i,.matrix td,tr.chosen>*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
.scroll,pre{overflow:visible}pre{white-space:pre-wrap}table{font-size:.74rem}th,td{white-space:normal;padding:4px 5px}
th:first-child,td:first-child{min-width:5em}td.words{min-width:4em}
details::details-content{content-visibility:visible;block-size:auto}summary{list-style:none}}
"""
