"""The one operation every contestant answers: a child with school, practice and parents; one, or fifty at once."""

from typing import Final

FIELDS: Final = """\
    number
    name { given family }
    birthDate
    gender
    address { ...Where }
    enrolments { start end school { urn name phase phone address { ...Where } } origin { agency asOf } }
    practice { odsCode name phone address { ...Where } origin { agency asOf } }
    parents { name { given family } relationship phone email address { ...Where } }
"""

WHERE: Final = "fragment Where on Address { status lines postcode uprn }\n"

ONE: Final = f"query Contact($number: ID!) {{\n  child(number: $number) {{\n{FIELDS}  }}\n}}\n{WHERE}"
MANY: Final = f"query Caseload($numbers: [ID!]!) {{\n  children(numbers: $numbers) {{\n{FIELDS}  }}\n}}\n{WHERE}"

PERSONA: Final = "social-worker"
PURPOSE: Final = "SAFEGUARDING"
