"""How the status page looks: light or dark as the reader's machine is, on a desk and on a phone."""

from __future__ import annotations

STYLE = """
:root{color-scheme:light dark;--ink:#1f2328;--soft:#59636e;--line:#d1d9e0;--card:#fff;--ground:#f6f8fa;--good:#1a7f37;
--bad:#c3202c;--wait:#8a5a00;--link:#0759b8;--good-ground:#e6f6ea;--bad-ground:#fdeced;--wait-ground:#fbf3dc}
@media (prefers-color-scheme:dark){:root{--ink:#f0f6fc;--soft:#9aa4af;--line:#3d444d;--card:#151b23;--ground:#0d1117;
--good:#4ac26b;--bad:#ff7b78;--wait:#e0a83a;--link:#6cb0ff;--good-ground:#12301c;--bad-ground:#3d1719;
--wait-ground:#33270c}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.45 system-ui,-apple-system,"Segoe UI","DejaVu Sans",
sans-serif}
header,main{max-width:1180px;margin:0 auto;padding:0 1rem}
header{padding-top:1.2rem}main{padding-bottom:2rem}
h1{font-size:1.35rem;line-height:1.25;margin:0;overflow-wrap:anywhere}
h2{font-size:1.05rem;margin:1.8rem 0 .6rem;overflow-wrap:anywhere}
p{margin:.3rem 0}.soft{color:var(--soft)}
a{color:var(--link)}
a:focus-visible,input:focus-visible,button:focus-visible{outline:2px solid var(--link);outline-offset:2px}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.counts{display:flex;flex-wrap:wrap;gap:.5rem;margin:1rem 0 .8rem;padding:0;list-style:none}
.counts li{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.3rem .7rem;font-size:.93rem}
.counts b{font-size:1.1rem;margin-right:.35rem;font-variant-numeric:tabular-nums}
.counts .none{color:var(--soft);background:none}
.ok b{color:var(--good)}.waiting b{color:var(--wait)}.bad b{color:var(--bad)}
form{display:flex;gap:.5rem;margin:.8rem 0;max-width:36rem}
input{flex:1;min-width:0;font:inherit;padding:.45rem .7rem;border:1px solid var(--line);border-radius:.4rem;
background:var(--card);color:inherit}
input::placeholder{color:var(--soft);opacity:1}
button{font:inherit;padding:.45rem 1rem;border:1px solid var(--line);border-radius:.4rem;background:var(--card);
color:inherit;cursor:pointer}
.alert{border:1px solid var(--bad);border-left-width:.3rem;border-radius:.4rem;padding:.5rem .8rem;margin:.7rem 0 0;
background:var(--bad-ground);overflow-wrap:anywhere}
.frame{background:var(--card);border:1px solid var(--line);border-radius:.5rem;overflow:hidden}
table{width:100%;border-collapse:collapse}
th,td{text-align:left;padding:.45rem .7rem;vertical-align:baseline;overflow-wrap:anywhere}
td{border-top:1px solid var(--line)}
th{font-weight:600;color:var(--soft);font-size:.85rem;white-space:nowrap}
td.room{min-width:16rem;font-weight:500}td.agent{min-width:11rem}td.line{min-width:9.5rem}
td.number,td.time,td.step{white-space:nowrap;font-variant-numeric:tabular-nums}
td.number,th.number{text-align:right}
.tag{display:inline-block;white-space:nowrap;border-radius:1rem;padding:.05rem .6rem;font-size:.88rem;font-weight:600}
.tag.ok{color:var(--good);background:var(--good-ground)}
.tag.waiting{color:var(--wait);background:var(--wait-ground)}
.tag.bad{color:var(--bad);background:var(--bad-ground)}
@media (max-width:700px){
thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
table,tbody,tr,td{display:block}
tr{border-top:1px solid var(--line);padding:.55rem .8rem;overflow:hidden}
tr:first-child{border-top:0}
td,td.number{border:0;padding:.1rem 0;text-align:left}
td.room,td.agent,td.line{min-width:0}td.room{font-size:1.02rem}
td.number,td.line,td.time,td.step{display:inline-block;margin-right:1rem}
td.number,td.line,td.time{color:var(--soft);font-size:.9rem}
td.number::before,td.line::before{content:attr(data-name) " "}
td:empty:empty{display:none}
}
@media print{form,.refresh{display:none}}
"""
