"""Puts questions about children to the agencies, and sorts their answers: a record, nothing, held back, or no answer.

It is asked only about what may be shown: the decision came before.
"""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

from adapters.agency import Answer, Failed, Found, NotRecorded, Restricted
from adapters.records import ChildRecord
from resolvers.agencies import Agencies
from resolvers.answering import AgencyMark, Answering
from resolvers.errors import AgencyUnavailableError, QuestionError
from resolvers.loaders import AgencyLoader
from resolvers.questions import Question


class HeldBackError(Exception):
    """The agency marks its record restricted: the field is withheld, and the child will be held."""


class About(Protocol):
    """Whatever a question is asked about belongs to one child."""

    subject: ChildRecord


# What a question comes to for one child: the agency's record, None where it has none, or why there is no telling.
Outcome: TypeAlias = Any | HeldBackError | QuestionError


class Contacts:
    """Who is in contact with children, live, within one deadline (loop time, seconds)."""

    def __init__(self, agencies: Agencies, deadline: float, answering: Answering) -> None:
        self._answering = answering
        self._loaders: Mapping[str, AgencyLoader[Any, Any]] = {
            name: AgencyLoader(getattr(agencies, name), deadline) for name in agencies.__slots__
        }

    async def ask(self, question: Question, key: Hashable, about: About) -> Any | None:
        """One child's record; raises `HeldBackError` or `AgencyUnavailableError`."""
        outcome = self._sorted(question, about.subject, await self._loaders[question.name].ask(key))
        if isinstance(outcome, HeldBackError | QuestionError):
            raise outcome
        return outcome

    async def ask_all(self, question: Question, keys: Sequence[Hashable], about: Sequence[About]) -> list[Outcome]:
        """Many children's outcomes, in their order; none of them raised."""
        answers = await self._loaders[question.name].ask_all(keys)
        return [self._sorted(question, one.subject, answer) for one, answer in zip(about, answers, strict=True)]

    def _sorted(self, question: Question, child: ChildRecord, answer: Answer[Any]) -> Outcome:
        match answer:
            case Found(record):
                return record
            case NotRecorded():
                return None
            case Restricted(mark):
                self._answering.marks.append(AgencyMark(child.id, child.protection.held, question.agency, mark))
                return HeldBackError()
            case Failed(failure):
                self._answering.failures.append((question.agency, failure))
                return AgencyUnavailableError(question.agency)
