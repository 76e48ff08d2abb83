// Operations to begin with, and the demonstration's notable children to try them on. Choosing fills the panes; only
// the person's own press of the button asks.
import { tryParseJSONC, useGraphiQL, useOperationsEditorState, useVariablesEditorState } from "@graphiql/react";
import type { Config, Example } from "./config";

export function Examples({ config: { examples, children } }: { config: Config }) {
  const [query, setQuery] = useOperationsEditorState();
  const [pane, setPane] = useVariablesEditorState();
  const ready = useGraphiQL(({ queryEditor, variableEditor }) => Boolean(queryEditor && variableEditor));
  const variables = variablesIn(pane);
  const numbers = Object.values(children);
  const aboutOne = Object.keys(variables).find((name) => numbers.includes(String(variables[name])));
  const shown = (example: Example) => example.query === query && asPane(example.variables) === asPane(variables);

  const choose = (example: Example) => {
    setQuery(example.query);
    setPane(asPane(example.variables));
  };

  if (examples.length === 0) return null;
  return (
    <nav className="examples" aria-label="Example operations">
      <span>Examples</span>
      <ul>
        {examples.map((example) => (
          <li key={example.title}>
            <button type="button" disabled={!ready} aria-pressed={shown(example)} onClick={() => choose(example)}>
              {example.title}
            </button>
          </li>
        ))}
      </ul>
      <small>then press ▶ or Ctrl-Enter</small>
      {aboutOne && (
        <label>
          Child
          <select
            value={String(variables[aboutOne])}
            onChange={(event) => setPane(asPane({ ...variables, [aboutOne]: event.target.value }))}
          >
            {Object.entries(children).map(([name, number]) => (
              <option key={name} value={number}>
                {name.replaceAll("-", " ")}
              </option>
            ))}
          </select>
        </label>
      )}
    </nav>
  );
}

const asPane = (variables: Record<string, unknown>) => JSON.stringify(variables, null, 2);

function variablesIn(pane: string): Record<string, unknown> {
  try {
    return tryParseJSONC(pane) ?? {};
  } catch {
    return {}; // half typed
  }
}
