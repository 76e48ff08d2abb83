// Signing in, and whoever has: a button for each issuer, the question why they come, and a word before the token ends.
import { type SubmitEvent, useEffect, useRef, useState } from "react";
import type { Config } from "./config";
import { purposeInWords, purposesOf, SHORTEST_REASON } from "./purpose";
import { actSignedIn, type SignedIn } from "./session";
import { claimsOf, type Door, type Grant, signIn } from "./signIn";

const WARN_BEFORE = 120_000; // milliseconds

export function SignIn({ config, again = false }: { config: Config; again?: boolean }) {
  const [granted, setGranted] = useState<Grant>();
  const [trouble, setTrouble] = useState("");
  const trying = useRef<AbortController>(undefined);
  useEffect(() => () => trying.current?.abort(), []);

  const begin = async (door: Door) => {
    trying.current?.abort();
    const attempt = new AbortController();
    trying.current = attempt;
    setTrouble("");
    try {
      setGranted(await signIn(door, config.signIn.length === 1, attempt.signal));
    } catch (failure) {
      if (!attempt.signal.aborted) setTrouble((failure as Error).message);
    }
  };

  if (!config.signInOffered) return null;
  return (
    <span className="sign-in">
      {config.signIn.map((door) => (
        <button key={door.issuer} type="button" onClick={() => void begin(door)}>
          {again ? "Sign in again" : "Sign in"}
          {door.name && ` with ${door.name}`}
        </button>
      ))}
      {config.signIn.length === 0 && <small role="alert">Signing in is not possible: the issuer cannot be reached.</small>}
      {trouble && <small role="alert">{trouble}</small>}
      {granted && <AskWhy granted={granted} done={() => setGranted(undefined)} />}
    </span>
  );
}

/** Asked once, before anything is sent; what is said stands in the bar from then on. */
function AskWhy({ granted, done }: { granted: Grant; done(): void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const { sub = "you", acting_role: role = "" } = claimsOf(granted.token);
  const purposes = purposesOf(role);
  useEffect(() => dialog.current?.showModal(), []);

  const said = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const [purpose, reason] = [String(form.get("purpose")), String(form.get("reason")).trim()];
    actSignedIn({ ...granted, name: sub, role, purpose, reason });
    done();
  };

  return (
    <dialog ref={dialog} className="why" aria-labelledby="why-title" onClose={done}>
      <form onSubmit={said}>
        <h2 id="why-title">Why are you here?</h2>
        <p>
          You are signed in as <strong>{sub}</strong>
          {role && <>, {purposeInWords(role).toLowerCase()}</>}. What you ask is recorded with the purpose you give.
        </p>
        <label>
          Purpose
          <select name="purpose" required autoFocus defaultValue={purposes.length === 1 ? purposes[0] : ""}>
            <option value="" disabled>
              Choose one
            </option>
            {purposes.map((purpose) => (
              <option key={purpose} value={purpose}>
                {purposeInWords(purpose)}
              </option>
            ))}
          </select>
        </label>
        <label>
          Reason, in your own words
          <input
            name="reason"
            pattern="[\x20-\x7e]*"
            title="Plain letters, digits and punctuation only: no accents, no curly quotes"
            maxLength={255}
            required={role === "AUDITOR"}
            minLength={role === "AUDITOR" ? SHORTEST_REASON : undefined}
            autoComplete="off"
            spellCheck={false}
          />
        </label>
        <p className="choices">
          <button type="submit">Begin</button>
          <button type="button" onClick={() => dialog.current?.close()}>
            Do not sign in
          </button>
        </p>
      </form>
    </dialog>
  );
}

/** Who signed in, how to leave, and how to stay when the token ends. */
export function SignedInAs({ config, who, leave }: { config: Config; who: SignedIn; leave(): void }) {
  const [ending, setEnding] = useState(false);
  useEffect(() => {
    const left = who.expires - Date.now();
    setEnding(left <= WARN_BEFORE);
    const warning = setTimeout(() => setEnding(true), left - WARN_BEFORE);
    const end = setTimeout(leave, left);
    return () => {
      clearTimeout(warning);
      clearTimeout(end);
    };
  }, [who]);

  return (
    <div className="persona">
      <span>
        Signed in as <strong>{who.name}</strong>
      </span>
      <span className="sign-in">
        {ending && <SignIn config={config} again />}
        <button type="button" onClick={leave}>
          Sign out
        </button>
        {ending && <small role="alert">Your sign-in ends within two minutes.</small>}
      </span>
    </div>
  );
}
