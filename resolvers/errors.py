"""Errors that a question itself can end in, each with the stable code a program reads and a constant, safe text."""

from graphql import GraphQLError

from adapters.agency import AgencyName


class QuestionError(GraphQLError):
    """A field cannot be answered; the text is for the caller and holds nothing but what the caller sent the kind of."""

    code = "UNAVAILABLE"

    def __init__(self, message: str, **extensions: str) -> None:
        super().__init__(message, extensions={"code": self.code, **extensions})


class BadNumberError(QuestionError):
    """The number was mistyped; nothing was looked up."""

    code = "BAD_NUMBER"


class BadCriteriaError(QuestionError):
    """The search does not say enough to be one."""

    code = "BAD_CRITERIA"


class BadRepresentationError(QuestionError):
    """What a federated router sent in a child's place names none."""

    code = "BAD_REPRESENTATION"


class NotAddressableError(QuestionError):
    """No child can be asked for by this role and purpose."""

    code = "FORBIDDEN"


class LimitError(QuestionError):
    """More was asked for at once than one question may ask."""

    def __init__(self, limit: str, message: str) -> None:
        self.code = f"LIMIT_{limit}"
        super().__init__(message)


class AgencyUnavailableError(QuestionError):
    """The agency gave no answer that can be used; says nothing of whether it has a record."""

    code = "AGENCY_UNAVAILABLE"

    def __init__(self, agency: AgencyName) -> None:
        super().__init__(f"the agency for {agency.value} gave no answer", agency=agency.value)
