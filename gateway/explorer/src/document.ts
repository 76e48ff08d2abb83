// What an operation's text says: which operation runs, and which fields of the schema its answer's paths stand for.
import { type DocumentNode, type FieldNode, Kind, type OperationDefinitionNode, parse, type SelectionSetNode } from "graphql";

export interface Operation {
  query: string;
  operationName?: string | null;
}

export type Path = readonly (string | number)[];

/** The operation that runs; undefined where the text is no GraphQL, of which the gateway's own error says more. */
export function running({ query, operationName }: Operation): OperationDefinitionNode | undefined {
  const operations = parsed(query)?.definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION) ?? [];
  return operations.find((node) => node.name?.value === operationName) ?? operations[0];
}

/** The schema's own names along a path, seen through aliases and fragments; null for a place in a list. */
export function fieldNames(operation: Operation, path: Path): (string | null)[] {
  const document = parsed(operation.query);
  const definition = running(operation);
  let sets: SelectionSetNode[] = definition ? [definition.selectionSet] : [];
  return path.map((step) => {
    if (typeof step === "number") return null;
    const fields = sets.flatMap((set) => fieldsIn(document, set)).filter((field) => (field.alias ?? field.name).value === step);
    sets = fields.flatMap((field) => field.selectionSet ?? []);
    return fields[0]?.name.value ?? step;
  });
}

function fieldsIn(document: DocumentNode | undefined, set: SelectionSetNode): FieldNode[] {
  return set.selections.flatMap((node) => {
    if (node.kind === Kind.FIELD) return [node];
    if (node.kind === Kind.INLINE_FRAGMENT) return fieldsIn(document, node.selectionSet);
    const fragment = document?.definitions.find(
      (found) => found.kind === Kind.FRAGMENT_DEFINITION && found.name.value === node.name.value,
    );
    return fragment?.kind === Kind.FRAGMENT_DEFINITION ? fieldsIn(document, fragment.selectionSet) : [];
  });
}

function parsed(query: string): DocumentNode | undefined {
  try {
    return parse(query);
  } catch {
    return undefined;
  }
}
