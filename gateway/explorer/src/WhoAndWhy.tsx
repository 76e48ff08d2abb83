// The bar at the top: who asks, why, and for what reason. Purpose and reason live in the headers pane, not here.
import { useGraphiQL, useGraphiQLActions, useHeadersEditorState } from "@graphiql/react";
import { useEffect, useRef, useState } from "react";
import type { Config, Persona } from "./config";
import { EVERY_PURPOSE, headerIn, headersIn, PURPOSE, purposeInWords, REASON, withHeader } from "./purpose";
import { actAs, actWith } from "./session";
import { openTab } from "./WordsOfTab";

export function WhoAndWhy({ config }: { config: Config }) {
  const [persona, setPersona] = useState(config.demo ? config.personas[0] : undefined);
  const [pane, setPane] = useHeadersEditorState();
  const headerEditor = useGraphiQL((state) => state.headerEditor);
  const tab = useGraphiQL(openTab);
  const lastIn = useRef<Record<string, Persona>>({}); // by tab
  const headers = headerEditor && headersIn(pane);
  const purpose = headerIn(headers ?? {}, PURPOSE);
  const purposes = persona?.purposes ?? EVERY_PURPOSE;

  // A persona new to the open tab begins with the first of its own purposes; one chosen or typed afterwards stands.
  useEffect(() => {
    if (!persona || !headerEditor || lastIn.current[tab] === persona) return;
    lastIn.current[tab] = persona;
    headerEditor.setValue(withHeader(headerEditor.getValue(), PURPOSE, persona.purposes[0] ?? ""));
  }, [persona, tab, headerEditor]);

  const choose = (chosen: Persona) => {
    actAs(chosen.name);
    setPersona(chosen);
  };

  return (
    <section className="who" aria-label="Who asks, and why">
      {persona ? <ActingAs persona={persona} all={config.personas} choose={choose} /> : <PastedToken />}
      <label className="purpose">
        Purpose
        <select
          value={purpose}
          disabled={!headers}
          onChange={(event) => setPane(withHeader(pane, PURPOSE, event.target.value))}
        >
          {[...new Set([...purposes, purpose])].map((each) => (
            <option key={each} value={each}>
              {each ? purposeInWords(each) : "None given"}
            </option>
          ))}
        </select>
      </label>
      <label className="reason">
        Reason
        <input
          value={headerIn(headers ?? {}, REASON)}
          disabled={!headers}
          pattern="[\x20-\x7e]*"
          title="Plain letters, digits and punctuation only: no accents, no curly quotes"
          maxLength={255}
          autoComplete="off"
          spellCheck={false} // some browsers send what they check to their maker
          placeholder="Why this child, now"
          onChange={(event) => setPane(withHeader(pane, REASON, event.target.value))}
        />
      </label>
      {persona && <small id="persona-says">{persona.description.replace(/`([^`]+)`/g, "‘$1’")}</small>}
    </section>
  );
}

function ActingAs({ persona, all, choose }: { persona: Persona; all: Persona[]; choose(persona: Persona): void }) {
  return (
    <label className="persona">
      Acting as
      <select
        value={persona.name}
        onChange={(event) => choose(all[event.target.selectedIndex] ?? persona)}
        aria-describedby="persona-says"
      >
        {all.map(({ name }) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </label>
  );
}

function PastedToken() {
  const { introspect } = useGraphiQLActions();
  const [token, setToken] = useState("");

  const paste = (text: string) => {
    setToken(text);
    actWith(text.trim());
    if (text) void introspect();
  };

  return (
    <label className="persona">
      Access token
      <input
        className="secret" // not type="password": a browser would offer to keep it
        value={token}
        autoComplete="off"
        spellCheck={false}
        placeholder="Paste it here; it is forgotten with this page"
        onChange={(event) => paste(event.target.value)}
      />
    </label>
  );
}
