// The first thing that runs: ask the gateway what page this is, then show it.
import "graphiql/setup-workers/vite";
import "@graphiql/react/style.css";
import "@graphiql/plugin-doc-explorer/style.css";
import "graphiql/graphiql.css";
import "./explorer.css";
import { createRoot } from "react-dom/client";
import { loadConfig } from "./config";
import { Explorer } from "./Explorer";
import { actAs } from "./session";

const root = createRoot(document.getElementById("explorer")!);

loadConfig().then(
  (config) => {
    const [first] = config.personas;
    if (config.demo && first) actAs(first.name);
    root.render(<Explorer config={config} />);
  },
  (failure: Error) => root.render(<p role="alert">The explorer could not start: {failure.message}.</p>),
);
