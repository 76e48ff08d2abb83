// The bar at the top: who asks, why, and for what reason. Purpose and reason live in the headers pane, not here.
import { useGraphiQL, useGraphiQLActions, useHeadersEditorState } from "@graphiql/react";
import { useEffect, useRef, useState } from "react";
import type { Config, Persona } from "./config";
import {
  EVERY_PURPOSE,
  headerIn,
  headersIn,
  mustSayWhy,
  PURPOSE,
  purposeInWords,
  purposesOf,
  REASON,
  SHORTEST_REASON,
  withHeader,
} from "./purpose";
import { SignedInAs, SignIn } from "./SignIn";
import { actAs, actWith, signOut, useWho } from "./session";
import { openTab } from "./WordsOfTab";

const PAUSE = 400; // milliseconds without a key pressed, after which somebody has said why

export function WhoAndWhy({ config }: { config: Config }) {
  const [persona, setPersona] = useState(config.demo ? config.personas[0] : undefined);
  const [pane, setPane] = useHeadersEditorState();
  const { introspect } = useGraphiQLActions();
  const headerEditor = useGraphiQL((state) => state.headerEditor);
  const tab = useGraphiQL(openTab);
  const who = useWho();
  const signedIn = who && "signedIn" in who ? who.signedIn : undefined;
  const lastIn = useRef<Record<string, unknown>>({}); // by tab
  const toldTo = useRef<unknown[]>(undefined); // who, and why
  const headers = headerEditor && headersIn(pane);
  const purpose = headerIn(headers ?? {}, PURPOSE);
  const reason = headerIn(headers ?? {}, REASON);
  const reasonIsMissing = mustSayWhy(purpose) && reason.trim().length < SHORTEST_REASON;
  const purposes = signedIn ? purposesOf(signedIn.role) : (persona?.purposes ?? EVERY_PURPOSE);

  // Somebody new to the open tab begins with what they came for; what is chosen or typed afterwards stands.
  useEffect(() => {
    const asks = signedIn ?? persona;
    if (!asks || !headerEditor || lastIn.current[tab] === asks) return;
    lastIn.current[tab] = asks;
    const [why, because] = signedIn ? [signedIn.purpose, signedIn.reason] : [persona?.purposes[0] ?? "", reason];
    headerEditor.setValue(withHeader(withHeader(headerEditor.getValue(), PURPOSE, why), REASON, because));
  }, [signedIn, persona, tab, headerEditor]);

  // Which schema there is to ask is a matter of who asks; and nobody is told it who does not say why. The first that is
  // shown to whoever begins as a persona, GraphiQL asks for by itself.
  useEffect(() => {
    if (!who || !headers || !purposes.includes(purpose) || reasonIsMissing) return;
    const before = toldTo.current;
    if (before?.every((each, place) => each === [who, purpose, reason][place])) return;
    const tell = () => {
      toldTo.current = [who, purpose, reason];
      if (before || !config.demo) void introspect();
    };
    if (!before) return tell();
    const pause = setTimeout(tell, PAUSE);
    return () => clearTimeout(pause);
  }, [who, purpose, reason]);

  const choose = (chosen: Persona) => {
    actAs(chosen.name);
    setPersona(chosen);
  };

  const leave = () => (persona ? choose(persona) : signOut());

  return (
    <section className="who" aria-label="Who asks, and why">
      {signedIn ? (
        <SignedInAs config={config} who={signedIn} leave={leave} />
      ) : (
        <div className="persona">
          {persona ? <ActingAs persona={persona} all={config.personas} choose={choose} /> : <PastedToken />}
          <SignIn config={config} />
        </div>
      )}
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
          value={reason}
          disabled={!headers}
          pattern="[\x20-\x7e]*"
          title="Plain letters, digits and punctuation only: no accents, no curly quotes"
          maxLength={255}
          autoComplete="off"
          spellCheck={false} // some browsers send what they check to their maker
          placeholder="Why this child, now"
          aria-describedby={reasonIsMissing ? "reason-is-missing" : undefined}
          onChange={(event) => setPane(withHeader(pane, REASON, event.target.value))}
        />
      </label>
      {reasonIsMissing && (
        <small id="reason-is-missing" role="status">
          Say why in the box “Reason”, in ten characters or more: then you are shown what you may ask.
        </small>
      )}
      {persona && !signedIn && <small id="persona-says">{persona.description.replace(/`([^`]+)`/g, "‘$1’")}</small>}
    </section>
  );
}

function ActingAs({ persona, all, choose }: { persona: Persona; all: Persona[]; choose(persona: Persona): void }) {
  return (
    <label>
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
  const [token, setToken] = useState("");

  const paste = (text: string) => {
    setToken(text);
    actWith(text.trim());
  };

  return (
    <label>
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
