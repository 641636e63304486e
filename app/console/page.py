"""The console's one page: what is linked, what runs, what waits, and where to go from here."""

from __future__ import annotations

STYLE = """\
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 64rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #8884; vertical-align: top; }
.good { color: #1a7f37; } .bad { color: #c62828; }
@media (prefers-color-scheme: dark) { .good { color: #5fd38d; } .bad { color: #ff8a80; } }
"""

PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="5">
<title>Twinsheet console</title>
<link rel="stylesheet" href="/style.css">
</head>
<body>
<h1>Twinsheet console</h1>
<p class="{{ 'good' if ready else 'bad' }}">{{ 'Everything is ready.' if ready else 'Something needs a look.' }}</p>
<p>
{% if sandbox %}<a href="{{ sandbox }}">The sandbox sheet</a> · {% endif %}
<a href="/api/links">Links as JSON</a> · <a href="/readyz">Readiness</a> · <a href="/metrics">Metrics</a>
</p>
<h2>Links</h2>
{% if fault %}<p class="bad">{{ fault }}</p>{% endif %}
{% if links %}<div class="wide"><table>
<tr><th>Link<th>State<th>Identical as of<th>Sheet → table<th>Table → sheet
<th>Conflicts<th>Rejections<th>Waiting<th>Tab<th>Table</tr>
{% for link in links %}<tr>
<td><a href="/api/links/{{ link.link }}">{{ link.link }}</a>
<td class="{{ 'good' if link.state == 'live' else 'bad' }}">
{{- link.state }}{% if link.reason %}: {{ link.reason }}{% endif %}
<td{% if link.differing %} class="bad"{% endif %}>
{%- if link.differing %}{{ link.differing }} cells differ{% elif link.identical_as_of -%}
<time datetime="{{ link.identical_as_of.isoformat() }}">{{ link.identical_as_of.strftime('%H:%M:%S') }} UTC</time>
{%- else %}not known yet{% endif %}
<td>{{ link.lag_s.sheet_to_table }} s<td>{{ link.lag_s.table_to_sheet }} s
<td><a href="/api/links/{{ link.link }}/conflicts">{{ link.conflicts }}</a>
<td><a href="/api/links/{{ link.link }}/rejections">{{ link.rejections }}</a>
<td><a href="/api/links/{{ link.link }}/pending">{{ link.pending }}</a>
<td>{{ link.tab }}<td>{{ link.table }}
</tr>{% endfor %}
</table></div>{% elif not fault %}<p>No links yet. Make one with <code>twinsheet link add</code>.</p>{% endif %}
<h2>Parts</h2>
<div class="wide"><table>
{% for check in checks %}<tr>
<td>{{ check.name }}<td class="{{ 'good' if check.ok else 'bad' }}">{{ 'good' if check.ok else 'not ready' }}
<td>{{ check.detail }}
</tr>{% endfor %}
</table></div>
</body>
</html>
"""
