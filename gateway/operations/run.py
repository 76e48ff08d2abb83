"""One run of a plan: breadth first, one asking per question and level, errors where GraphQL puts them.

What is at hand is put into the answer at once; what must be asked for leaves a place open, and is asked for together
with every other object's on its level. A question that is slow keeps no other waiting: each level goes on when its own
records are there.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from copy import deepcopy
from functools import partial
from typing import Any, Final, TypeAlias

from graphql import FieldNode, GraphQLError, GraphQLResolveInfo, get_argument_values, located_error
from graphql.execution import default_field_resolver, default_type_resolver
from graphql.execution.values import VariableValues
from graphql.pyutils import Path

from gateway.operations.plan import (
    UNBOUND,
    Abstract,
    Asking,
    Attribute,
    Becomes,
    Call,
    Guard,
    Leaf,
    Method,
    Object,
    Plan,
    Planned,
    Question,
    Selection,
    Several,
    Straight,
)
from gateway.operations.waiting import Asker, Waiting
from resolvers.contacts import HeldBackError

# Where a value goes: the place above, what holds it, under which key, and whether null may stand there.
Place: TypeAlias = tuple[Any, Any, str | int, bool]

ResponsePath: TypeAlias = tuple[str | int, ...]

# Fields whose record is asked for: by which key, which, of what object, what holds their places, and where that stands.
Asked: TypeAlias = tuple[Any, Asking, Any, dict[str, Any], "Place | None"]

# What is to be awaited, whose value it is, and where it goes.
Open: TypeAlias = tuple[Awaitable[Any], Planned, Becomes, Place]

_OPEN: Final = object()


def path_of(place: Place | None) -> ResponsePath:
    """The response path of a place."""
    steps: list[str | int] = []
    while place is not None:
        steps.append(place[2])
        place = place[0]
    return tuple(reversed(steps))


class Run:
    """One run. `info` makes what a resolver of the schema's own is told, from its field, path and nodes."""

    def __init__(
        self,
        variables: VariableValues,
        context: Any,
        asker: Asker,
        info: Callable[[Planned, Path, list[FieldNode]], GraphQLResolveInfo[Any]],
    ) -> None:
        self.errors: list[GraphQLError] = []
        self._variables = variables
        self._coerced: Mapping[str, Any] = variables.coerced
        self._context = context
        self._asker = asker
        self._info = info
        self._nulled: set[ResponsePath] = set()
        self._standing: dict[int, bool] = {}
        self._to_ask: dict[Any, list[Asked]] = {}
        self._awaitables: list[Open] = []
        self._waiting = Waiting()

    async def through(self, plan: Plan, root: Any) -> dict[str, Any] | None:
        """Run the plan to its end; the data, or None where null went all the way up."""
        answer: dict[str, Any] = {}
        fields = plan.root.in_order(self._coerced)
        for group in [(one,) for one in fields] if plan.serial else [fields]:
            try:
                self._fill(answer, group, root, None)
            except GraphQLError as error:
                self._add(error, ())
            await self._finish()
            if () in self._nulled:
                return None
        return answer

    async def _finish(self) -> None:
        """Go on until nothing is open."""
        if len(self._awaitables) == 1 and not self._to_ask:
            await self._await_alone()
        self._go_on()
        await self._waiting.end()

    async def _await_alone(self) -> None:
        """Await the one thing that is open here: nothing else could go on meanwhile, so it needs no task of its own."""
        [(awaitable, planned, becomes, here)] = self._awaitables
        self._awaitables = []
        try:
            here[1][here[2]] = self._complete(planned, becomes, await awaitable, here)
        except Exception as error:
            self._nullify(error, planned, here)

    def _go_on(self) -> None:
        """Ask and await what has been left open since the last time."""
        if self._awaitables:
            awaitables, self._awaitables = self._awaitables, []
            for awaitable, planned, becomes, here in awaitables:
                self._waiting.expect(asyncio.ensure_future(awaitable), partial(self._awaited, planned, becomes, here))
        if self._to_ask:
            to_ask, self._to_ask = self._to_ask, {}
            for question, asked in to_ask.items():
                keys = tuple(dict.fromkeys([one[0] for one in asked]))
                self._waiting.ask(self._asker, question, keys, partial(self._answered, question, asked, keys))

    # --- At hand: no awaiting here.

    def _fill(self, target: dict[str, Any], fields: Sequence[Planned], source: Any, place: Place | None) -> None:
        """Put what is at hand of `source` into `target`, which stands at `place`; leave the rest open."""
        for planned in fields:
            if planned.conditions is None or self._stands(planned):
                target[planned.key] = None
                self._put(planned, source, (place, target, planned.key, planned.becomes.nullable))

    def _put(self, planned: Planned, source: Any, here: Place) -> None:
        """Put what the field comes to in its place, where it is at hand. Raises where null may not stand there."""
        try:
            value = self._value(planned, source, here)
            if value is not _OPEN:
                here[1][here[2]] = self._become(planned, value, here)
        except Exception as error:
            located = self._located(error, planned, here)
            if not here[3]:
                raise located from None
            self._add(located, path_of(here))
            here[1][here[2]] = None

    def _stands(self, planned: Planned) -> bool:
        """Whether it is in this run's answer; found out once for all objects."""
        stands = self._standing.get(id(planned))
        if stands is None:
            stands = self._standing[id(planned)] = planned.stands(self._coerced)
        return stands

    def _value(self, planned: Planned, source: Any, here: Place) -> Any:
        guard = planned.guard
        if guard is not None and not guard.admits(source, self._context, lambda: path_of(here)):
            return None
        origin = planned.source
        kind = type(origin)
        if kind is Attribute:
            value = getattr(source, origin.name)  # type: ignore[union-attr]  # told apart by `kind`
        elif kind is Method:
            value = origin.call(source)  # type: ignore[union-attr,call-arg,misc]  # as above
        elif kind is Question:
            return self._open(planned, origin, source, here)  # type: ignore[arg-type]  # as above
        elif kind is Call:
            value = self._called(planned, origin, source, here)  # type: ignore[arg-type]  # as above
        else:
            value = self._resolved(planned, source, here)
        if guard is not None:
            guard.shown(source, self._context)
        return value

    def _open(self, planned: Planned, origin: Question, source: Any, here: Place) -> Any:
        """Leave the place open, or fill it at once where there is nothing to ask by."""
        key = origin.key(source)
        if key is None:
            return self._then(planned, source, None)
        asking = Asking(origin.question, origin.key, (planned,), planned.guard)
        self._to_ask.setdefault(origin.question, []).append((key, asking, source, here[1], here[0]))
        return _OPEN

    def _then(self, planned: Planned, source: Any, record: Any) -> Any:
        value = planned.source.then(source, record)  # type: ignore[union-attr]  # only questions come here
        if planned.guard is not None:
            planned.guard.shown(source, self._context)
        return value

    def _called(self, planned: Planned, origin: Call, source: Any, here: Place) -> Any:
        value = origin.call(source, self._told(planned, here), self._coerced)
        return self._resolved(planned, source, here) if value is UNBOUND else value

    def _resolved(self, planned: Planned, source: Any, here: Place) -> Any:
        nodes = planned.nodes(self._coerced)
        arguments = get_argument_values(planned.definition, nodes[0], self._variables, hide_suggestions=True)
        # A resolver may take its arguments apart; a variable is the whole request's.
        arguments = {name: deepcopy(value) for name, value in arguments.items()}
        resolve = planned.definition.resolve or default_field_resolver
        return resolve(source, self._told(planned, here), **arguments)

    def _told(self, planned: Planned, here: Place) -> GraphQLResolveInfo[Any]:
        """What a resolver of the schema's own is told of where it stands."""
        path: Path | None = None
        for step in path_of(here):
            path = Path(path, step, None)
        return self._info(planned, path or Path(None, planned.key, None), planned.nodes(self._coerced))

    # --- What a value becomes.

    def _become(self, planned: Planned, value: Any, here: Place) -> Any:
        if planned.plain is not None:
            try:
                return planned.plain(value)
            except Exception:  # noqa: S110 - the long way meets it again, and says what it is and where
                pass
        return self._complete(planned, planned.becomes, value, here)

    def _complete(self, planned: Planned, becomes: Becomes, value: Any, here: Place) -> Any:
        """The value as it stands in the answer; raises where it cannot, and leaves open what must be awaited."""
        if value is None:
            return _null(planned, becomes)
        kind = type(becomes)
        if kind is Object and type(value) in becomes.selection.classes:  # type: ignore[union-attr]  # told apart by `kind`
            return self._object(becomes.selection, planned, value, here)  # type: ignore[union-attr]  # as above
        if kind is Leaf:
            if type(value) is becomes.exact:  # type: ignore[union-attr]  # as above
                return value
            if not hasattr(value, "__await__") and not isinstance(value, Exception):
                return self._leaf(becomes, value)  # type: ignore[arg-type]  # as above
        if isinstance(value, Exception):
            raise value
        if hasattr(value, "__await__"):
            self._awaitables.append((value, planned, becomes, here))
            return None
        if kind is Object:
            return self._object(becomes.selection, planned, value, here)  # type: ignore[union-attr]  # as above
        if kind is Several:
            return self._list(planned, becomes, value, here)  # type: ignore[arg-type]  # as above
        return self._abstract(planned, becomes, value, here)  # type: ignore[arg-type]  # as above

    def _leaf(self, becomes: Leaf, value: Any) -> Any:
        serialized = becomes.serialize(value)
        if serialized is None:
            raise TypeError("a value serialised to nothing")
        return serialized

    def _object(self, selection: Selection, planned: Planned, value: Any, here: Place) -> dict[str, Any]:
        if selection.straight is not None:
            target = self._straight(selection.straight, selection.guard, value, here)
            if target is not None:
                return target
        if type(value) not in selection.classes:
            type_ = selection.of
            if type_.is_type_of is not None and not type_.is_type_of(value, self._told(planned, here)):
                raise TypeError(f"a value that is no `{type_.name}`")
        if selection.guard is not None:
            selection.guard.stands(value, self._context, lambda: path_of(here))
        target = {}
        self._fill(target, selection.in_order(self._coerced), value, here)
        return target

    def _straight(self, straight: Straight, guard: Guard | None, source: Any, here: Place) -> dict[str, Any] | None:
        """The object by the straight way; None where it is not for it, and then nothing was noted or asked."""
        try:
            if straight.admitted is not None and not straight.admitted.admit(source, self._context):
                return None
            target = straight.read(source)
            asked = [(asking, asking.key(source)) for asking in straight.askings]
        except Exception:
            return None
        if guard is not None:
            guard.stands(source, self._context, lambda: path_of(here))
        if straight.at_hand is not None:
            straight.at_hand.shown(source, self._context)
        for planned in straight.later:
            self._put(planned, source, (here, target, planned.key, planned.becomes.nullable))
        for asking, key in asked:
            if key is None:  # nothing to ask by: at hand after all
                for planned in asking.fields:
                    self._put(planned, source, (here, target, planned.key, planned.becomes.nullable))
            else:
                self._to_ask.setdefault(asking.question, []).append((key, asking, source, target, here))
        return target

    def _list(self, planned: Planned, becomes: Several, value: Any, here: Place) -> list[Any]:
        if isinstance(value, str | bytes | Mapping) or not hasattr(value, "__iter__"):
            raise TypeError(f"no list for the field `{planned.name}`")
        item = becomes.item
        items: list[Any] = []
        for index, one in enumerate(value):
            spot: Place = (here, items, index, item.nullable)
            items.append(None)
            try:
                items[index] = self._complete(planned, item, one, spot)
            except Exception as error:
                located = self._located(error, planned, spot)
                if not item.nullable:
                    raise located from None
                self._add(located, path_of(spot))
                items[index] = None
        return items

    def _abstract(self, planned: Planned, becomes: Abstract, value: Any, here: Place) -> dict[str, Any]:
        resolve = becomes.type.resolve_type or default_type_resolver
        name = resolve(value, self._told(planned, here), becomes.type)
        if not isinstance(name, str) or name not in becomes.possible:
            raise TypeError(f"a value that is no `{becomes.type.name}`")
        return self._object(becomes.possible[name], planned, value, here)

    # --- What arrives.

    def _awaited(self, planned: Planned, becomes: Becomes, here: Place, future: "asyncio.Future[Any]") -> None:
        try:
            here[1][here[2]] = self._complete(planned, becomes, future.result(), here)
        except Exception as error:
            self._nullify(error, planned, here)
        self._go_on()

    def _answered(self, question: Any, asked: Sequence[Asked], keys: Sequence[Any], came: Sequence[Any]) -> None:
        if len(keys) < len(asked):  # some want the same
            answers = dict(zip(keys, came, strict=True))
            came = [answers[one[0]] for one in asked]
        for (_, asking, source, target, place), answer in zip(asked, came, strict=True):
            try:
                outcome = self._asker.outcome(question, source, answer)
            except Exception as error:
                outcome = error
            if isinstance(outcome, Exception):
                self._unanswered(asking.fields, source, outcome, target, place)
            elif asking.fill is None or not self._filled(asking, source, outcome, target):
                self._made(asking, source, outcome, target, place)
        self._go_on()

    def _filled(self, asking: Asking, source: Any, record: Any, target: dict[str, Any]) -> bool:
        """Whether the straight way was for it; where not, nothing was put."""
        try:
            asking.fill(source, record, target)  # type: ignore[misc]  # whoever calls has looked
        except Exception:
            return False
        if asking.guards is not None:
            asking.guards.shown(source, self._context)
        return True

    def _made(self, asking: Asking, source: Any, record: Any, target: dict[str, Any], place: Place | None) -> None:
        """Put what the fields make of the record that was asked for, or of there being none."""
        made = []
        for planned in asking.fields:
            here: Place = (place, target, planned.key, planned.becomes.nullable)
            try:
                value = planned.source.then(source, record)  # type: ignore[union-attr]  # only questions come here
                made.append(planned.guard)
                target[planned.key] = self._become(planned, value, here)
            except Exception as error:
                self._nullify(error, planned, here)
        for shown in (asking.guards,) if len(made) == len(asking.fields) else made:
            if shown is not None:
                shown.shown(source, self._context)

    def _unanswered(
        self, fields: Sequence[Planned], source: Any, error: Exception, target: dict[str, Any], place: Place | None
    ) -> None:
        for planned in fields:
            here: Place = (place, target, planned.key, planned.becomes.nullable)
            if isinstance(error, HeldBackError) and planned.guard is not None:
                planned.guard.held_back(source, self._context, partial(path_of, here))
            else:
                self._nullify(error, planned, here)

    # --- Errors.

    def _located(self, error: Exception, planned: Planned, here: Place) -> GraphQLError:
        return located_error(error, planned.nodes(self._coerced), list(path_of(here)))

    def _nullify(self, error: Exception, planned: Planned, here: Place) -> None:
        """Null takes the nearest place, from `here` upward, that may be null."""
        place: Place | None = here
        while place is not None and not place[3]:
            place = place[0]
        if place is not None:
            place[1][place[2]] = None
        self._add(self._located(error, planned, here), path_of(place))

    def _add(self, error: GraphQLError, nulled: ResponsePath) -> None:
        """Keep an error, unless the place it nulls is gone already."""
        if any(nulled[:length] in self._nulled for length in range(len(nulled) + 1)):
            return
        self._nulled.add(nulled)
        self.errors.append(error)


def _null(planned: Planned, becomes: Becomes) -> None:
    if not becomes.nullable:
        raise TypeError(f"null for the non-null field `{planned.name}`")
