// Who asks: the access token, kept in memory only, and renewed before it expires.
import { useSyncExternalStore } from "react";
import type { Grant as SignInGrant } from "./signIn";

interface Grant {
  token: Promise<string>;
  renewAt: number; // milliseconds since the epoch
}

const RENEW_BEFORE = 30_000; // milliseconds: longer than an operation may take

/** Somebody signed in with an issuer, and why they said they came. */
export interface SignedIn extends SignInGrant {
  name: string; // as the issuer calls them
  role: string; // empty where the token does not say
  purpose: string;
  reason: string;
}

type Who = { persona: string } | { pasted: string } | { signedIn: SignedIn };

let grant: Grant | undefined;
let who: Who | undefined;
const listeners = new Set<() => void>();

/** From now on, act as this persona of the demonstration. */
export function actAs(persona: string): void {
  become({ persona });
}

/** From now on, use the token that a person pasted; an empty one signs out. */
export function actWith(token: string): void {
  become(token ? { pasted: token } : undefined);
}

/** From now on, act as whoever signed in. */
export function actSignedIn(signedIn: SignedIn): void {
  become({ signedIn });
}

/** From now on nobody asks. */
export function signOut(): void {
  become(undefined);
}

function become(next: Who | undefined): void {
  who = next;
  grant = undefined;
  for (const listener of listeners) listener();
}

/** Whoever asks now; a component that uses it is drawn anew when that changes. */
export function useWho(): Who | undefined {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => who,
  );
}

/** `as teacher`, to follow "Asked"; never the token itself. */
export function askerInWords(): string {
  if (!who) return "without a token";
  if ("signedIn" in who) return `as ${who.signedIn.name}`;
  return "persona" in who ? `as ${who.persona}` : "with your token";
}

export async function accessToken(): Promise<string> {
  if (!who) throw new Error("Nobody is signed in: do so at the top.");
  if ("pasted" in who) return who.pasted;
  if ("signedIn" in who) {
    if (Date.now() >= who.signedIn.expires) throw new Error("Your sign-in has ended: sign in again at the top.");
    return who.signedIn.token;
  }
  if (!grant || Date.now() >= grant.renewAt) grant = granted(who.persona);
  return grant.token;
}

function granted(persona: string): Grant {
  const fresh: Grant = { token: Promise.resolve(""), renewAt: Infinity };
  fresh.token = ask(persona).then(
    (answer) => {
      fresh.renewAt = Date.now() + answer.expires_in * 1000 - RENEW_BEFORE;
      return answer.access_token;
    },
    (failure: unknown) => {
      fresh.renewAt = 0; // a failure is not remembered: the next operation asks again
      throw failure;
    },
  );
  return fresh;
}

async function ask(persona: string): Promise<{ access_token: string; expires_in: number }> {
  const response = await fetch("/explorer/token", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ persona }),
  });
  if (!response.ok) throw new Error(`The gateway gave no token for ${persona}: it answered ${response.status}.`);
  return response.json();
}
