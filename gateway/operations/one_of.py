"""A rule that graphql-core has, and asks in vain where the object that takes one of several members is required."""

from typing import Any

from graphql import (
    GraphQLError,
    GraphQLInputObjectType,
    NonNullTypeNode,
    OperationDefinitionNode,
    ValidationRule,
    is_non_null_type,
)


class OneOfVariablesRule(ValidationRule):
    """What a variable brings as the one member of such an object must not be null: then none would be given."""

    def leave_operation_definition(self, operation: OperationDefinitionNode, *_: Any) -> None:
        given = {one.variable.name.value: one for one in operation.variable_definitions or ()}
        for usage in self.context.get_recursive_variable_usages(operation):
            definition = given.get(usage.node.name.value)
            if definition is None or isinstance(definition.type, NonNullTypeNode):
                continue
            if not is_non_null_type(usage.parent_type):  # of these graphql-core's own rule takes care
                continue
            object_ = usage.parent_type.of_type
            if isinstance(object_, GraphQLInputObjectType) and object_.is_one_of:
                self.report_error(
                    GraphQLError(
                        f"Variable '${usage.node.name.value}' must be non-nullable to be used for OneOf Input Object"
                        f" '{object_}'.",
                        [definition, usage.node],
                    )
                )
