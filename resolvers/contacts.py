"""Puts questions about children to the agencies, and sorts their answers: a record, nothing, held back, or no answer.

It is asked only about what may be shown: the decision came before.
"""

from collections.abc import Awaitable, Hashable, Sequence
from typing import Any, Protocol, TypeAlias

from adapters.agency import Answer, Failed, Found, NotRecorded, Restricted
from adapters.records import ChildRecord
from resolvers.agencies import JoinedAgencies
from resolvers.answering import AgencyMark, Answering
from resolvers.batching import Told, Wait
from resolvers.errors import AgencyUnavailableError, QuestionError
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

    def __init__(self, agencies: JoinedAgencies, deadline: float, answering: Answering) -> None:
        self._agencies = agencies
        self._deadline = deadline
        self._answering = answering

    def ask(self, question: Question, keys: Sequence[Hashable]) -> Awaitable[Sequence[Answer[Any]]]:
        """Begin to ask; what is awaited are the agency's answers, in the order of the keys."""
        return self._agencies[question.name].ask(keys, self._deadline)

    def begin(self, question: Question, keys: Sequence[Hashable], then: Told[Any]) -> Wait[Any, Any]:
        """Begin to ask, and have `then` called with the answers, in the order of the keys; `leave` what this gives.

        It costs less than what can be awaited; `then` must be short and raise nothing (see `Joined.begin`).
        """
        return self._agencies[question.name].begin(keys, self._deadline, then)

    def outcome(self, question: Question, about: About, answer: Answer[Any]) -> Outcome:
        """What an answer comes to for the child it is about: a record, None, or the exception that says why not."""
        if isinstance(answer, Found):  # nearly always; to match a pattern costs six times as much
            return answer.record
        child = about.subject
        match answer:
            case NotRecorded():
                return None
            case Restricted(mark):
                self._answering.marks.append(AgencyMark(child.id, child.protection.held, question.agency, mark))
                return HeldBackError()
            case Failed(failure):
                self._answering.failures.append((question.agency, failure))
                return AgencyUnavailableError(question.agency)
