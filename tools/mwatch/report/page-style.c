/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * page-style: how a page looks (see page-style.h).
 *
 * Colour says what a thing is: one for rates, one for what was lost; verdicts are told by
 * their words, too.  Paper is always light.
 */
#include "page-style.h"

#define LIGHT                                                          \
	"--back:#fdfdfb;--text:#1b2227;--mute:#5d6a72;--rule:#d9dedc;" \
	"--rate:#1c6e8c;--lost:#c0391b;--good:#2c7546;--hold:#8a5a00;"

#define DARK                                                           \
	"--back:#14181b;--text:#e3e8ea;--mute:#98a5ac;--rule:#2f383d;" \
	"--rate:#62bcd9;--lost:#ff8566;--good:#6fc48c;--hold:#e2b04f;"

const char page_style[] =
	":root{color-scheme:light dark;" LIGHT "}\n"
	"@media(prefers-color-scheme:dark){:root{" DARK "}}\n"
	"@media print{:root{color-scheme:light;" LIGHT "--back:#fff;}}\n"
	"*{box-sizing:border-box}\n"
	"body{margin:0 auto;max-width:70rem;padding:2.5rem 1.5rem 4rem;"
	"background:var(--back);color:var(--text);"
	"font:15px/1.5 system-ui,-apple-system,\"Segoe UI\",Roboto,\"Noto Sans\","
	"\"DejaVu Sans\",sans-serif;font-variant-numeric:tabular-nums}\n"
	"h1{margin:0;font-size:1.8rem;line-height:1.2;font-weight:650}\n"
	"h2{margin:3rem 0 .75rem;font-size:1.2rem;font-weight:650}\n"
	"h3{margin:0;font-size:1rem;font-weight:650;overflow-wrap:anywhere}\n"
	"p{margin:.4rem 0;max-width:46rem}\n"
	"a{color:inherit;text-decoration-color:var(--mute);text-underline-offset:.2em}\n"
	"a:hover{text-decoration-color:currentColor}\n"
	"a:focus-visible{outline:2px solid var(--rate);outline-offset:2px}\n"
	".span,.note,figcaption p{color:var(--mute)}\n"
	".finding{margin-top:1.25rem;font-size:1.1rem}\n"
	".warning{border-left:3px solid var(--lost);padding-left:.75rem}\n"
	".wide{overflow-x:auto}\n"
	"table{border-collapse:collapse;width:100%;font-size:.87rem}\n"
	"th,td{padding:.32rem .5rem;text-align:left;white-space:nowrap;"
	"border-bottom:1px solid var(--rule);vertical-align:baseline}\n"
	"th:first-child,td:first-child{padding-left:0}\n"
	"th:last-child,td:last-child{padding-right:0}\n"
	"th{color:var(--mute);font-weight:500;vertical-align:bottom;"
	"white-space:normal;hyphens:manual}\n"
	"thead th{border-bottom-color:var(--mute)}\n"
	".n{text-align:right}\n"
	".some{color:var(--lost);font-weight:600}\n"
	".none{color:var(--mute)}\n"
	".accept{color:var(--good)}\n.block{color:var(--hold)}\n"
	".unjoined{color:var(--mute)}\n"
	"figure{margin:0;padding:1.4rem 0 1rem;border-top:1px solid var(--rule);"
	"break-inside:avoid}\n"
	"figcaption p{margin:.1rem 0 .6rem;max-width:none;font-size:.87rem}\n"
	"figcaption{margin-bottom:.5rem}\n"
	"ul{margin:.3rem 0;padding-left:1.2rem;font-size:.87rem;color:var(--mute)}\n"
	"svg{display:block;width:100%;height:auto}\n"
	"svg text{fill:var(--mute);font-size:11px}\n"
	"svg .title{fill:var(--text)}\n"
	"svg .x,svg .none{text-anchor:middle}\n"
	"svg .y{text-anchor:end}\n"
	".grid,.axis{stroke:var(--rule);stroke-width:1;shape-rendering:crispEdges}\n"
	".axis{stroke:var(--mute)}\n"
	".area{fill:var(--rate);fill-opacity:.13}\n"
	".rate{fill:none;stroke:var(--rate);stroke-width:1.4;stroke-linejoin:round}\n"
	"rect.lost{fill:var(--lost)}\n"
	".slot{fill:var(--text);fill-opacity:0}\n"
	".slot:hover{fill-opacity:.09}\n"
	"dl{display:grid;grid-template-columns:max-content 1fr;gap:.35rem 1.25rem;"
	"margin:0;max-width:52rem}\n"
	"dt{font-weight:600}\ndd{margin:0;color:var(--mute)}\n"
	"footer{margin-top:3rem;color:var(--mute);font-size:.87rem}\n"
	"@media(max-width:40rem){body{padding:1.25rem 1rem 3rem}"
	"dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.6rem}}\n"
	"@media print{body{max-width:none;padding:0;font-size:10.5pt}"
	"table{font-size:8.5pt}.wide{overflow:visible}thead{display:table-header-group}"
	"tr{break-inside:avoid}th,td{padding:.2rem .3rem}h2{break-after:avoid}"
	"a{text-decoration:none}*{print-color-adjust:exact}}\n"
	"@page{margin:15mm}\n";
