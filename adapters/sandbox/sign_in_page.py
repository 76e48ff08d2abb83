"""The page on which the sandbox's issuer asks who it is: a link for each persona, no password, not a line of script."""

import html
from collections.abc import Iterable
from string import Template
from typing import Final

from adapters.sandbox.personas import Persona

_PAGE: Final = Template("""\
<!doctype html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sign in to the demonstration</title>
<style>
body {
  color: #14262e;
  font: 16px/1.4 system-ui, "DejaVu Sans", sans-serif;
  margin: 20px auto;
  max-width: 34rem;
  padding: 0 16px;
}
h1 { color: #0f4c5c; font-size: 21px; margin: 0 }
p { margin: 4px 0 12px }
a {
  border: 1px solid #7b9aa3;
  border-radius: 6px;
  color: inherit;
  display: block;
  margin: 6px 0;
  padding: 6px 12px;
  text-decoration: none;
}
a:hover, a:focus { background: #eef4f5; border-color: #0f4c5c; outline: none }
b { color: #0f4c5c }
small { display: block; font-size: 14px }
</style>
</head>
<body>
<h1>Who are you?</h1>
<p>This issuer belongs to the demonstration: it asks nobody for a password, and none of these people is real.</p>
$people
</body>
</html>
""")


def sign_in_page(people: Iterable[Persona], asked: str) -> str:
    """The page in HTML; each link bears `asked`, the query that led here."""
    links = [
        f'<a href="/authorize/as/{persona.name}?{html.escape(asked)}"><b>{persona.name}</b>'
        f"<small>{html.escape(persona.description.replace('`', ''))}</small></a>"
        for persona in people
    ]
    return _PAGE.substitute(people="\n".join(links))
