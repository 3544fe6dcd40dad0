"""How a map looks: colours for light and dark, in a picture and on a page.

Plain rules without variables, because programs that convert SVG know few of them. Nothing is told by colour alone:
signs stand before names, and what goes or is missing has a dashed line.
"""

from __future__ import annotations

PICTURE = """
.map{font-family:-apple-system,BlinkMacSystemFont,"Segoe UI","DejaVu Sans","Noto Sans",Arial,sans-serif;
font-size:12.5px}
.ground{fill:#fff}
.frame{fill:#f6f8fa;stroke:#d0d7de}
.legend-text{fill:#57606a}
.sip .frame-title{fill:#0a3069}.agents .frame-title{fill:#512a97}
.frame-title{font-size:15px;font-weight:600}
.column-title{fill:#57606a;font-size:11px;letter-spacing:.06em}
.split{stroke:#d0d7de;stroke-dasharray:4 4}
.edge{fill:none;stroke:#8c959f;stroke-width:1.4}
.edge-label{fill:#57606a;font-size:11px}
.halo{stroke:#f6f8fa;stroke-width:4px;stroke-linejoin:round}
.node rect{fill:#fff;stroke:#8c959f;stroke-width:1.2}
.node .stripe{stroke:none;fill:#8c959f}
.node.number .stripe,.node.provider .stripe{fill:#6e7781}
.node.inbound_trunk .stripe,.node.outbound_trunk .stripe{fill:#0969da}
.node.dispatch_rule .stripe{fill:#0a3069}
.node.room .stripe{fill:#1b7c83}
.node.convention .stripe{fill:#8250df}
.node.agent .stripe{fill:#512a97}
.node .label{fill:#1f2328;font-weight:500}
.node .detail{fill:#57606a;font-size:10.5px}
.node .badge{font-size:11px;font-weight:700}
.badge.error{fill:#cf222e}.badge.warning{fill:#9a6700}.badge.note{fill:#0969da}
.node.has-error .box{stroke:#cf222e;stroke-width:2.4}
.node.has-warning .box{stroke:#bf8700;stroke-width:2.4}
.node.create .box{fill:#dafbe1;stroke:#1a7f37}.edge.create{stroke:#1a7f37;stroke-width:2.4}
.node.update .box{fill:#fff3c4;stroke:#9a6700}.edge.update{stroke:#9a6700;stroke-width:2.4}
.node.rename .box{fill:#ddf4ff;stroke:#0969da}.edge.rename{stroke:#0969da;stroke-width:2.4}
.node.delete .box,.node.missing .box{fill:#ffebe9;stroke:#cf222e;stroke-dasharray:5 3}
.edge.delete{stroke:#cf222e;stroke-width:1.8;stroke-dasharray:5 3}
.node.unlisted .box{fill:#eaeef2;stroke:#6e7781;stroke-dasharray:2 3}.edge.unlisted{stroke-dasharray:2 3}
@media (prefers-color-scheme:dark){
.ground{fill:#0d1117}
.frame{fill:#151b23;stroke:#3d444d}
.legend-text{fill:#9198a1}
.sip .frame-title{fill:#a5d6ff}.agents .frame-title{fill:#d2a8ff}
.column-title,.edge-label,.node .detail{fill:#9198a1}
.split{stroke:#3d444d}
.edge{stroke:#656c76}
.halo{stroke:#151b23}
.node rect{fill:#212830;stroke:#656c76}
.node .label{fill:#f0f6fc}
.node.number .stripe,.node.provider .stripe{fill:#9198a1}
.node.inbound_trunk .stripe,.node.outbound_trunk .stripe{fill:#4493f8}
.node.dispatch_rule .stripe{fill:#a5d6ff}
.node.room .stripe{fill:#3fb6be}
.node.convention .stripe{fill:#ab7df8}
.node.agent .stripe{fill:#d2a8ff}
.badge.error{fill:#ff7b72}.badge.warning{fill:#e3b341}.badge.note{fill:#79c0ff}
.node.has-error .box{stroke:#f85149}
.node.has-warning .box{stroke:#d29922}
.node.create .box{fill:#12361f;stroke:#3fb950}.edge.create{stroke:#3fb950}
.node.update .box{fill:#3b2f0b;stroke:#d29922}.edge.update{stroke:#d29922}
.node.rename .box{fill:#0c2d4d;stroke:#4493f8}.edge.rename{stroke:#4493f8}
.node.delete .box,.node.missing .box{fill:#42171b;stroke:#f85149}.edge.delete{stroke:#f85149}
.node.unlisted .box{fill:#2a313c;stroke:#9198a1}
}
"""

PAGE = """
:root{color-scheme:light dark}
*{box-sizing:border-box}
body{margin:0;padding:24px;background:#fff;color:#1f2328;line-height:1.45;
font-family:-apple-system,BlinkMacSystemFont,"Segoe UI","DejaVu Sans","Noto Sans",Arial,sans-serif;font-size:15px}
main{display:flex;flex-direction:column;gap:20px;max-width:1760px;margin:0 auto}
h1{font-size:24px;margin:0;overflow-wrap:anywhere}
h2{font-size:17px;margin:0 0 8px}
table+h2{margin-top:24px}
a{color:#0969da}
.muted{color:#57606a}
.summary{margin:4px 0 0}
.bar{display:flex;flex-wrap:wrap;gap:8px 20px;align-items:center;position:sticky;top:0;z-index:2;background:#fff;
padding:8px 0}
.search{display:flex;gap:8px;align-items:center;flex:1 1 260px;max-width:560px}
.search[hidden]{display:none}
.search input{flex:1;min-width:0;font:inherit;padding:7px 11px;border:1px solid #8c959f;border-radius:8px;
background:#fff;color:inherit}
.search output{white-space:nowrap;color:#57606a;font-size:13px}
.legend{display:flex;flex-wrap:wrap;gap:6px 16px;font-size:13px;margin:0;padding:0;list-style:none}
.legend li,.legend button{display:flex;align-items:center;gap:6px}
.legend button{font:inherit;color:inherit;background:none;border:0;padding:2px 4px;margin:-2px -4px;border-radius:6px;
cursor:pointer}
.legend button:hover{text-decoration:underline}
.key{display:inline-block;width:22px;height:14px;border:1.6px solid #8c959f;border-radius:4px}
.key.create{background:#dafbe1;border-color:#1a7f37}
.key.update{background:#fff3c4;border-color:#9a6700}
.key.rename{background:#ddf4ff;border-color:#0969da}
.key.delete,.key.missing{background:#ffebe9;border-color:#cf222e;border-style:dashed}
.key.unlisted{background:#eaeef2;border-color:#6e7781;border-style:dotted}
.key.note{border-color:#0969da}
.key.error{border:3px solid #cf222e}.key.warning{border:3px solid #bf8700}
.picture{overflow-x:auto;border-radius:12px}
.picture.tall{overflow-y:auto;max-height:82vh}
.picture svg{display:block;height:auto;width:100%}
.node{cursor:pointer;outline-offset:3px;scroll-margin:120px}
.node:target .box{stroke:#0969da;stroke-width:3.5}
.focus .node,.focus .edge,.focus .edge-label{opacity:.16}
.focus .node.on,.focus .edge.on,.focus .edge-label.on{opacity:1}
.focus .edge.on{stroke-width:2.6}
.node.chosen .box{stroke-width:3}
.findings ol{list-style:none;margin:0;padding:0;display:grid;gap:8px}
.findings li{border-left:4px solid #8c959f;padding:5px 12px;background:#f6f8fa;border-radius:0 8px 8px 0;
overflow-wrap:anywhere}
.findings li.error{border-color:#cf222e}.findings li.warning{border-color:#bf8700}
.findings li.note{border-color:#0969da}
.findings li:target{outline:2px solid #0969da}
.findings code,.place{font-size:13px;color:#57606a}
summary{cursor:pointer;font-size:17px;font-weight:600;margin-bottom:8px}
table{border-collapse:collapse;width:100%;font-size:14px}
th{text-align:left;font-size:12px;color:#57606a;font-weight:600;border-bottom:1px solid #d0d7de;
padding:6px 12px 6px 0}
td{vertical-align:top;border-bottom:1px solid #d8dee4;padding:7px 12px 7px 0;overflow-wrap:anywhere}
.ways .off{display:none}
td .detail{display:block;font-size:12px;color:#57606a}
td .create{color:#1a7f37}td .update{color:#7d4e00}td .rename{color:#0969da}
td .delete{color:#cf222e;text-decoration:line-through}
td a{color:inherit;text-decoration:none}td a:hover{text-decoration:underline}
@media screen and (max-width:760px){
body{padding:14px;font-size:16px}
.bar{position:static}
main{gap:16px}
.ways{order:1}.picture-part{order:2}
table,tbody,tr,td{display:block}thead{display:none}
tr{border:1px solid #d0d7de;border-radius:10px;padding:8px 12px;margin-bottom:10px}
td{border:0;padding:3px 0 3px 96px;position:relative;min-height:26px}
td:empty{display:none}
td::before{content:attr(data-column);position:absolute;left:0;top:4px;font-size:12px;color:#57606a}
}
@media (prefers-color-scheme:dark){
body,.bar{background:#0d1117;color:#f0f6fc}
a{color:#4493f8}
.muted,.search output,.findings code,.place,th,td .detail,td::before{color:#9198a1}
.search input{background:#151b23;border-color:#656c76}
.findings li{background:#151b23}
th,td,tr{border-color:#3d444d}
.key{border-color:#656c76}
.key.create{background:#12361f;border-color:#3fb950}
.key.update{background:#3b2f0b;border-color:#d29922}
.key.rename{background:#0c2d4d;border-color:#4493f8}
.key.delete,.key.missing{background:#42171b;border-color:#f85149}
.key.unlisted{background:#2a313c;border-color:#9198a1}
td .create{color:#3fb950}td .update{color:#d29922}td .rename{color:#4493f8}td .delete{color:#f85149}
td a{color:inherit}
}
@media print{
body{padding:0}
.bar{position:static}.search{display:none}
.picture,.picture.tall{overflow:visible;max-height:none}
.picture svg{min-width:0}
tr,.findings li{break-inside:avoid}
}
"""
