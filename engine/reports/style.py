"""The look of a report: light and dark by what the reader's system says, and on white paper."""

from __future__ import annotations

STYLE = """
:root{--bg:#fff;--card:#f6f7f9;--line:#e2e6ec;--text:#151a23;--soft:#485264;--accent:#2b60e4;--ok:#0e7a4f;
--bad:#c22f3a;--s1:#2b60e4;--s2:#c56a00;--s3:#00806a;--s4:#a8388f;--oncell:#fff}
@media (prefers-color-scheme:dark){:root{--bg:#101217;--card:#181b22;--line:#2c3240;--text:#eceff4;--soft:#aab3c2;
--accent:#7aa2ff;--ok:#4cc38a;--bad:#ff7b7f;--s1:#7aa2ff;--s2:#ffb057;--s3:#4fd1b5;--s4:#e58ad8;--oncell:#101217}}
*{box-sizing:border-box}
body{margin:0 auto;padding:32px 24px 64px;max-width:1000px;background:var(--bg);color:var(--text);
font:14px/1.5 Inter,system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;font-variant-numeric:tabular-nums}
h1{font-size:26px;line-height:1.2;margin:0 0 4px;overflow-wrap:anywhere}h2{font-size:17px;margin:36px 0 12px}
h3{font-size:14px;margin:20px 0 6px}p{margin:0 0 10px}.soft,.note{color:var(--soft)}.note{font-size:12px;margin-top:6px}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(170px,1fr));gap:12px;margin-top:20px}
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:12px 14px;overflow-wrap:anywhere}
.card b{display:block;font-size:22px;line-height:1.3}.card span{color:var(--soft);font-size:12px}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(380px,1fr));gap:14px}
.chart{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:10px;width:100%}
.matrix{width:100%;height:auto}
svg text{fill:var(--text);font-family:inherit}svg .title{font-size:13px;font-weight:600}
svg .legend,svg .axis{font-size:11px;fill:var(--soft)}svg .grid{stroke:var(--line)}
svg .best{stroke:var(--ok);stroke-dasharray:3 3}svg .besttext{font-size:11px;fill:var(--ok)}
svg polyline{fill:none;stroke-width:1.8;stroke-linejoin:round}
.l1{stroke:var(--s1)}.l2{stroke:var(--s2)}.l3{stroke:var(--s3)}.l4{stroke:var(--s4)}
.f1{fill:var(--s1)}.f2{fill:var(--s2)}.f3{fill:var(--s3)}.f4{fill:var(--s4)}
svg .empty{fill:var(--line)}svg .good{fill:var(--s1)}svg .bad{fill:var(--bad)}svg .cell{font-size:10.5px}
svg .cell.strong{fill:var(--oncell)}
table{border-collapse:collapse;width:100%;font-size:13px}th{text-align:left;color:var(--soft);font-weight:600}
th,td{padding:5px 10px 5px 0;border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere}
td:first-child{width:36%}.two{columns:2;column-gap:40px}.two tr{break-inside:avoid}
.two td:first-child{width:auto}
.n{text-align:right}td.n{white-space:nowrap}th.n{vertical-align:bottom}
.classes td:first-child{width:auto;min-width:110px}
.images{display:grid;grid-template-columns:repeat(auto-fill,minmax(150px,1fr));gap:12px}
.images.wide{grid-template-columns:repeat(auto-fill,minmax(300px,1fr))}
figure{margin:0;font-size:12px;overflow-wrap:anywhere}figure img,figure svg{display:block;width:100%;border-radius:8px}
figcaption{padding-top:4px;display:flex;justify-content:space-between;gap:8px}figcaption i{font-style:normal;
color:var(--soft);white-space:nowrap}.ok{color:var(--ok)}.wrong{color:var(--bad)}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:4px}.absent{background:var(--card);border:1px solid var(--line);
border-radius:8px;padding:28px 12px;color:var(--soft);text-align:center}
svg.boxes rect{fill:none}
svg.boxes text.boxname{fill:#fff;stroke:#000;stroke-width:.18em;paint-order:stroke;font-weight:600}
.key{display:flex;flex-wrap:wrap;gap:4px 14px;font-size:12px;color:var(--soft)}.key i{display:inline-block;width:10px;
height:10px;border-radius:2px;margin-right:5px}
.trouble{border:1px solid var(--bad);border-radius:10px;padding:12px 14px;margin-top:20px}
footer{margin-top:40px;color:var(--soft);font-size:12px}
@media print{:root{--bg:#fff;--card:#fff;--line:#d5dae2;--text:#000;--soft:#444;--accent:#2b60e4;--ok:#0e7a4f;
--bad:#c22f3a;--s1:#2b60e4;--s2:#c56a00;--s3:#00806a;--s4:#a8388f;--oncell:#fff}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}figure,.chart,.matrix,.cards,tr{break-inside:avoid}
h2,h3,p,.key{break-after:avoid}body{padding:0}@page{margin:14mm}
.charts{grid-template-columns:1fr 1fr}.images{grid-template-columns:repeat(5,1fr)}
.images.wide{grid-template-columns:1fr 1fr}}
"""
