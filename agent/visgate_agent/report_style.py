"""The style sheet of the report page; follows the reader's light or dark setting."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark; --page: #f6f5f1; --paper: #fff; --ink: #22211e; --soft: #6d6a62; --line: #e2dfd6;
  --accent: #2f6f4e; --user: #e4eee7; --bad: #a3352b; }
@media (prefers-color-scheme: dark) { :root { --page: #171816; --paper: #20221f; --ink: #e8e6df; --soft: #9a978d;
  --line: #34362f; --accent: #86c5a1; --user: #26362d; --bad: #f0877c; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
main { max-width: 58rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 1rem; letter-spacing: -.01em; }
h2 { font-size: 1.1rem; margin: 0 0 .75rem; }
p { margin: .4rem 0; white-space: pre-line; overflow-wrap: anywhere; }
dl { display: flex; flex-wrap: wrap; gap: .5rem 2rem; margin: 0; }
dt { color: var(--soft); font-size: .8rem; } dd { margin: 0; }
.turn { margin-top: 2.25rem; display: flex; flex-direction: column; gap: .9rem; }
.user { align-self: flex-end; max-width: 85%; background: var(--user); border-radius: 1rem 1rem .2rem 1rem;
  padding: .6rem 1rem; }
.user img { max-height: 15rem; }
article, .reply, .times { background: var(--paper); border: 1px solid var(--line); border-radius: .7rem;
  padding: .8rem 1rem; }
.reply { border-left: 4px solid var(--accent); }
.said { color: var(--soft); font-style: italic; }
.call { display: flex; flex-wrap: wrap; align-items: baseline; gap: .3rem .9rem; font-size: .88rem;
  color: var(--soft); }
.call code { color: var(--accent); font-size: 1rem; font-weight: 600; }
.call b { font-weight: 600; } .call time { margin-left: auto; font-variant-numeric: tabular-nums; }
code, pre { font-family: ui-monospace, monospace; }
pre { overflow: auto; max-height: 20rem; font-size: .8rem; margin: .5rem 0 0; }
details { margin-top: .5rem; font-size: .88rem; } summary { cursor: pointer; color: var(--soft); }
.failed { border-color: var(--bad); } .error { color: var(--bad); }
.pictures { display: flex; flex-wrap: wrap; gap: .9rem; margin-top: .7rem; }
figure { margin: 0; } figcaption { color: var(--soft); font-size: .75rem; overflow-wrap: anywhere; }
figcaption span { white-space: nowrap; }
img { display: block; max-width: 100%; max-height: 24rem; border-radius: .4rem;
  background: repeating-conic-gradient(#b9b9b9 0 25%, #e9e9e9 0 50%) 0 0 / 16px 16px; }
.times { margin-top: 2.5rem; overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .3rem .5rem; border-top: 1px solid var(--line); }
th { color: var(--soft); font-weight: 500; border: 0; } th:first-child, td:first-child { text-align: left; }
footer { margin-top: 2rem; color: var(--soft); font-size: .85rem; }
@media (max-width: 32rem) { .user { max-width: 100%; } .call time { margin-left: 0; } }
"""
