"""The style sheet of all reports: type, colours for light and dark, phone, desktop and print.

Owns the look. Colours are after Okabe and Ito, darkened or lightened until text and lines stand out from the page.
"""

from typing import Final

SHEET: Final = """
:root{color-scheme:light dark;--page:#fdfdfc;--card:#f5f5f3;--ink:#1b1d21;--soft:#5a5f69;--line:#dfdfdb;--grid:#e6e6e2;
--s1:#0069b4;--s2:#c14a00;--s3:#00795a;--s4:#a8467f;--s5:#8a6400;--s6:#5b5f8f;--good:#00795a;--bad:#b8322a;
--true:#0069b4;--guess:#c14a00;--focus:#0069b4;--strong:#fff}
@media (prefers-color-scheme:dark){:root{--page:#15171a;--card:#1e2125;--ink:#e9eaec;--soft:#a3a8b1;--line:#34383e;
--grid:#2b2f35;--s1:#5db3f0;--s2:#f0914f;--s3:#3fc79a;--s4:#e58fc0;--s5:#d9ae45;--s6:#a5a9e0;--good:#3fc79a;--bad:#f2837b;
--focus:#5db3f0;--strong:#0d0f11}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,
"Helvetica Neue",Arial,"Noto Sans",sans-serif;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
table{overflow-wrap:break-word}
main{max-width:1120px;margin:0 auto;padding:40px 32px 64px}
h1{font-size:34px;line-height:1.15;letter-spacing:-.02em;font-weight:680;margin:2px 0 6px}
h2{font-size:21px;line-height:1.3;letter-spacing:-.01em;font-weight:650;margin:0 0 4px}
h3{font-size:15px;line-height:1.4;font-weight:620;margin:0 0 8px}
p{margin:0 0 12px;max-width:72ch;text-wrap:pretty}
a{color:var(--focus)}
section{margin-top:48px}
section>p,.note{color:var(--soft)}
.eyebrow{color:var(--soft);font-size:13px;letter-spacing:.06em;text-transform:uppercase;margin:0}
.lead{color:var(--soft);font-size:17px;margin:0}
.note{font-size:14px}
.warning{max-width:none;margin:22px 0 0;border-left:4px solid var(--s2);
padding:8px 14px;background:var(--card);border-radius:0 8px 8px 0}
.hero{display:grid;grid-template-columns:minmax(250px,5fr) 8fr;gap:20px 44px;background:var(--card);border-radius:14px;
padding:26px 30px;margin-top:26px}
.score{font-size:60px;line-height:1;letter-spacing:-.035em;font-weight:680;margin:6px 0 4px}
.score small{font-size:17px;letter-spacing:0;font-weight:500;color:var(--soft)}
.scale{display:block;width:100%;height:26px;margin:10px 0 0}
.facts{display:grid;grid-template-columns:1fr 1fr;gap:16px 30px;margin:0;align-content:start}
.facts div{min-width:0}
dt{color:var(--soft);font-size:13px;line-height:1.4}
dd{margin:1px 0 0}
dd small,td small,th small{display:block;color:var(--soft);font-size:13px;line-height:1.45;font-weight:400}
.tiles{display:flex;flex-wrap:wrap;gap:10px 34px;margin:20px 30px 0}
.tiles div{min-width:104px}
.tiles dd{font-size:19px;font-weight:600}
.meter{display:block;height:6px;border-radius:3px;background:var(--line);margin:7px 0 3px;overflow:hidden}
.meter i{display:block;height:100%;background:var(--s1);border-radius:3px}
ol.steps{margin:10px 0 0;padding:0;list-style:none;counter-reset:step;display:grid;gap:10px}
ol.steps li{counter-increment:step;display:grid;grid-template-columns:34px 1fr;align-items:baseline;max-width:84ch}
ol.steps li::before{content:counter(step);font-weight:680;color:var(--s1);font-size:18px}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:34px 40px;margin-top:18px}
.pair>*{min-width:0}.three .chart{font-size:15px}.pair.three{grid-template-columns:1fr 1fr 1fr;gap:34px 30px}
.chart{display:block;width:100%;height:auto;max-width:560px;font-size:12px}
.chart text{fill:var(--soft);font-family:inherit}
.grid{stroke:var(--grid);stroke-width:1}
.tick{stroke:var(--soft);stroke-width:1}
.line{fill:none;stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round}
.bold{stroke-width:3}
.s1{stroke:var(--s1)}.s2{stroke:var(--s2);stroke-dasharray:7 3}.s3{stroke:var(--s3);stroke-dasharray:2 3}
.s4{stroke:var(--s4);stroke-dasharray:9 3 2 3}.s5{stroke:var(--s5);stroke-dasharray:4 4}
.s6{stroke:var(--s6);stroke-dasharray:12 4}
.dot.s1{fill:var(--s1)}.dot.s2{fill:var(--s2)}.dot.s3{fill:var(--s3)}.dot.s4{fill:var(--s4)}.dot.s5{fill:var(--s5)}
.dot.s6{fill:var(--s6)}
.bar{stroke:none}.bar.s1{fill:var(--s1)}.gap{stroke:var(--s2);stroke-width:1.6;opacity:.8}
.ideal{stroke:var(--soft);stroke-dasharray:4 4;stroke-width:1.2}
.best{stroke:var(--ink);stroke-width:1.4;opacity:.75}
.k-network{stroke:var(--s1)}.k-head{stroke:var(--s2);stroke-dasharray:3 2}
.trial{stroke-width:2.4;opacity:.55}
.dot.k-network{fill:var(--s1)}.dot.k-head{fill:var(--s2)}
.dot.pruned{fill:var(--page)}
.chart .dot,.swatch .dot{stroke-dasharray:none;stroke-width:1.5}
.chart .dot.won,.swatch .dot.won{stroke:var(--ink);stroke-width:2.4}
.chart .dot.failed,.swatch .dot.failed{fill:var(--bad);stroke:none}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:2px 18px;margin:6px 0 0;padding:0;
font-size:13.5px;color:var(--soft)}
.legend li{display:flex;align-items:center;gap:7px}
.swatch{width:26px;height:10px;flex:none}
.matrix{max-width:none}
.scroll{overflow-x:auto;max-width:100%}
.matrix .cell{fill:var(--card)}.matrix .cell.right{fill:var(--s1)}.matrix .cell.wrong{fill:var(--s2)}
.matrix .count{fill:var(--ink);font-size:11px}.matrix .count.strong{fill:var(--strong)}
table{border-collapse:collapse;width:100%;font-size:14.5px;line-height:1.4;margin-top:12px}
th{font-weight:600;color:var(--soft);font-size:13px;text-align:left;vertical-align:bottom}
th,td{padding:6px 14px 6px 0;border-bottom:1px solid var(--line);vertical-align:top}
tbody th{min-width:6.5em;overflow-wrap:anywhere}tbody th i{font-weight:400}
tbody th{color:var(--ink);font-size:inherit;font-weight:560}
.n{text-align:right;white-space:nowrap}
td .meter{width:84px;margin:8px 0 0;height:5px}
.shots{display:grid;grid-template-columns:repeat(auto-fill,minmax(208px,1fr));gap:22px 18px;margin-top:16px}
figure{margin:0;break-inside:avoid}
.frame{position:relative;background:var(--card);border-radius:8px;overflow:hidden;display:grid;place-items:center}
.frame img{display:block;width:100%;height:auto}
.frame.even{aspect-ratio:1}.frame.even img{width:100%;height:100%;object-fit:contain}
.frame svg{position:absolute;inset:0;width:100%;height:100%}
.frame.empty{min-height:120px;color:var(--soft);font-size:13.5px}
.box{fill:none;stroke-width:1.6;vector-effect:non-scaling-stroke}
.box.halo{stroke:#fff;stroke-width:3;opacity:.75}.box.halo.loud{stroke-width:4.4;opacity:.8}
.box.halo.quiet{stroke-width:2.4;opacity:.4}
.box.true{stroke:#0060a8}.box.guess{stroke:#c23f00;stroke-dasharray:5 3}
.box.quiet{stroke-width:1.1;opacity:.75}
.box.loud{stroke-width:2.6}
.frame text{font:600 11px system-ui,sans-serif;paint-order:stroke;stroke:#fff;stroke-width:3px;stroke-linejoin:round}
.frame text.true{fill:#004f8c}.frame text.guess{fill:#a83600}
.swatch .box.true{stroke:var(--s1)}.swatch .box.guess{stroke:var(--s2)}
figcaption{font-size:13.5px;line-height:1.45;margin-top:7px}
figcaption b{font-weight:620}
.isgood{color:var(--good)}.isbad{color:var(--bad)}
.soft{color:var(--soft)}
.small{font-size:13px}
details{margin-top:14px;border-top:1px solid var(--line);padding-top:10px}
summary{cursor:pointer;font-weight:600}
summary:focus-visible,a:focus-visible{outline:2px solid var(--focus);outline-offset:3px}
ul.plain{list-style:none;margin:8px 0 0;padding:0;font-size:14.5px}
ul.plain li{padding:6px 0;border-bottom:1px solid var(--line)}ul.plain li:last-child{border-bottom:0}
.rows{display:grid;gap:3px;margin-top:12px;font-size:14px;max-width:760px}
.rows div{display:grid;grid-template-columns:minmax(80px,200px) 1fr 76px;gap:12px;align-items:center}
.rows .meter{height:10px;margin:0;border-radius:2px}.rows .meter i{border-radius:2px}
.facts.wide{grid-template-columns:repeat(auto-fill,minmax(230px,1fr));margin-top:14px}
footer{margin-top:56px;padding-top:14px;border-top:1px solid var(--line);color:var(--soft);font-size:13px}
@media (max-width:820px){main{padding:24px 16px 40px}section{margin-top:38px}
.hero{grid-template-columns:1fr;padding:20px 18px}.tiles{margin:18px 18px 0}
.pair,.pair.three{grid-template-columns:1fr}
h1{font-size:28px}.score{font-size:52px}.chart,.three .chart{font-size:13px}
.shots{grid-template-columns:repeat(auto-fill,minmax(150px,1fr));gap:18px 12px}
.shots.large{grid-template-columns:repeat(auto-fill,minmax(240px,1fr))}
.wideonly{display:none}th,td{padding-right:10px}}
@media (min-width:821px){.shots.large{grid-template-columns:repeat(auto-fill,minmax(245px,1fr))}}
@media (max-width:480px){.facts{gap:14px 18px}.rows div{grid-template-columns:minmax(70px,110px) 1fr 58px;gap:8px}}
@media print{:root{color-scheme:light;--page:#fff;--card:#f5f5f3;--ink:#000;--soft:#444;--line:#ccc;--grid:#e2e2e2;
--s1:#0069b4;--s2:#c14a00;--s3:#00795a;--s4:#a8467f;--s5:#8a6400;--s6:#5b5f8f;--good:#00795a;--bad:#b8322a;--strong:#fff}
body{font-size:10.5pt;-webkit-print-color-adjust:exact;print-color-adjust:exact}main{max-width:none;padding:0}
section{margin-top:22pt}h2,h3,section>p,.legend{break-after:avoid}.pair>*{break-inside:avoid}
.pair,.pair.three,.hero{grid-template-columns:1fr 1fr}.pair,.pair.three{gap:16pt}.legend{break-inside:avoid}
.facts.wide{grid-template-columns:1fr 1fr 1fr}.chart,.three .chart{font-size:13px}h1{font-size:24pt}h2{font-size:15pt}
tr,li,.chart,.hero,.rows div{break-inside:avoid}
.shots{grid-template-columns:repeat(4,1fr)}.shots.large{grid-template-columns:repeat(3,1fr)}
details::details-content{content-visibility:visible;block-size:auto}.scroll{overflow:visible}.matrix{max-width:100%}@page{margin:16mm}}
"""
