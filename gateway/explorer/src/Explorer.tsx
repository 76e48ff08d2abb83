// The page: GraphiQL, with who asks and why above it and the answer in words beside the answer.
import { DOC_EXPLORER_PLUGIN, DocExplorerStore } from "@graphiql/plugin-doc-explorer";
import { GraphiQLProvider, pick, useGraphiQL } from "@graphiql/react";
import type { Fetcher, FetcherOpts, FetcherParams } from "@graphiql/toolkit";
import { GraphiQL, GraphiQLInterface } from "graphiql";
import { useCallback, useEffect, useRef, useState } from "react";
import type { Answer } from "./answer";
import type { Config } from "./config";
import { Examples } from "./Examples";
import { memory } from "./memory";
import { ask } from "./operation";
import { EVERY_PURPOSE, headersIn, PURPOSE, withHeader } from "./purpose";
import { WhoAndWhy } from "./WhoAndWhy";
import { WordsOfTab } from "./WordsOfTab";

const PLUGINS = [DOC_EXPLORER_PLUGIN]; // and no history: it would remember children's numbers

export function Explorer({ config }: { config: Config }) {
  const [latest, setLatest] = useState<Answer>();
  const run = useRef<AbortController>(undefined); // the person's own latest
  const firstPane = withHeader("", PURPOSE, config.personas[0]?.purposes[0] ?? EVERY_PURPOSE[0] ?? "");
  const first = config.examples[0];

  const fetcher = useCallback<Fetcher>(
    async (operation: FetcherParams, options?: FetcherOpts) => {
      const forThePage = operation.operationName === "IntrospectionQuery";
      const thisRun = new AbortController();
      if (!forThePage) {
        run.current?.abort();
        run.current = thisRun;
        setLatest(undefined);
      }
      const answer = await ask(operation, options?.headers ?? headersIn(firstPane) ?? {}, thisRun.signal);
      if (thisRun === run.current) setLatest(answer);
      return answer.result;
    },
    [firstPane],
  );

  const abandon = useCallback(() => run.current?.abort(), []);

  return (
    <GraphiQLProvider
      fetcher={fetcher}
      storage={memory}
      plugins={PLUGINS}
      referencePlugin={DOC_EXPLORER_PLUGIN}
      initialQuery={first?.query ?? "{ viewer { __typename } }"}
      initialVariables={JSON.stringify(first?.variables ?? {}, null, 2)}
      initialHeaders={firstPane}
      defaultHeaders={firstPane}
      defaultTheme="light"
    >
      <DocExplorerStore>
        <header className="banner">
          <h1>
            ContactPoint <span>explorer</span>
          </h1>
          <WhoAndWhy config={config} />
        </header>
        <Examples config={config} />
        <EditorsThatFit />
        <main>
          <GraphiQLInterface forcedTheme="light" defaultEditorToolsVisibility="variables">
            <GraphiQL.Logo>
              <></>
            </GraphiQL.Logo>
            <GraphiQL.Footer>
              <WordsOfTab latest={latest} abandon={abandon} />
            </GraphiQL.Footer>
          </GraphiQLInterface>
        </main>
      </DocExplorerStore>
    </GraphiQLProvider>
  );
}

/** Lines that wrap and are small enough for an answer and its words to stand side by side on a laptop. */
function EditorsThatFit() {
  const editors = useGraphiQL(pick("queryEditor", "variableEditor", "headerEditor", "responseEditor"));
  useEffect(() => {
    for (const editor of Object.values(editors)) editor?.updateOptions({ fontSize: 13, lineHeight: 19, wordWrap: "on" });
  }, [editors]);
  return null;
}
