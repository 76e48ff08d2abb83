"""What can be asked: the GraphQL types, and on every path from a child a category that guards it."""
