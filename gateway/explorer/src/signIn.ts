// Signing in with an issuer: authorization code with PKCE, in a window of the issuer's own. Verifier, state and token
// are in this page's memory and nowhere else; no refresh token is asked for.

/** Where somebody signs in, as the gateway's settings have it. */
export interface Door {
  name: string; // of the issuer, where there are several
  issuer: string;
  authorizationEndpoint: string;
  tokenEndpoint: string;
  clientId: string;
  scope: string;
  audience: string;
}

export interface Grant {
  token: string;
  expires: number; // milliseconds since the epoch
}

/** What an issuer sends back with the person. */
export interface Answers {
  code: string | null;
  state: string | null;
  iss: string | null;
  error: string | null;
}

export const CHANNEL = "contactpoint-sign-in";
export const RECEIVED = "received";
const CALLBACK = "/explorer/callback";

export function answersOf(search: string): Answers {
  const said = new URLSearchParams(search);
  return { code: said.get("code"), state: said.get("state"), iss: said.get("iss"), error: said.get("error") };
}

/** Open the issuer's window, wait for its answer, fetch the token. `alone`: the gateway knows no other issuer. */
export async function signIn(door: Door, alone: boolean, signal: AbortSignal): Promise<Grant> {
  const [verifier, state] = [unguessable(), unguessable()];
  const address = new URL(door.authorizationEndpoint);
  for (const [name, value] of Object.entries({
    response_type: "code",
    client_id: door.clientId,
    redirect_uri: redirectUri(),
    scope: door.scope,
    resource: door.audience,
    state,
    code_challenge: await challengeOf(verifier),
    code_challenge_method: "S256",
  }))
    address.searchParams.set(name, value);

  const answered = answersTo(state, signal); // before the window is there to answer
  open(address, CHANNEL, "popup,width=560,height=780");
  const { code, iss, error } = await answered;
  if (iss === null ? !alone : iss !== door.issuer) throw new Error("Another issuer answered than was asked. Nobody is signed in.");
  if (error !== null || code === null) throw new Error(`The issuer signed nobody in (${error ?? "no code"}).`);
  return granted(door, code, verifier, signal);
}

/** Whatever the issuer answers to this very state; a window that is closed answers nothing, and the next try ends the wait. */
function answersTo(state: string, signal: AbortSignal): Promise<Answers> {
  return new Promise((resolve, reject) => {
    const channel = new BroadcastChannel(CHANNEL);
    signal.addEventListener("abort", () => {
      channel.close();
      reject(signal.reason as Error);
    });
    channel.addEventListener("message", ({ data }: MessageEvent<Answers>) => {
      if (data.state !== state) return;
      channel.postMessage(RECEIVED);
      channel.close();
      resolve(data);
    });
  });
}

async function granted(door: Door, code: string, verifier: string, signal: AbortSignal): Promise<Grant> {
  const response = await fetch(door.tokenEndpoint, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "authorization_code",
      code,
      redirect_uri: redirectUri(),
      client_id: door.clientId,
      code_verifier: verifier,
      resource: door.audience,
    }),
    credentials: "omit",
    redirect: "error",
    signal,
  });
  const { access_token: token, expires_in: seconds } = (await response.json()) as { access_token?: string; expires_in?: number };
  if (!response.ok || !token) throw new Error("The issuer gave no token. Sign in again.");
  return { token, expires: Date.now() + (seconds ?? 300) * 1000 };
}

/** What a token says of its bearer, if it is one that can be read; the gateway believes none of it unverified. */
export function claimsOf(token: string): { sub?: string; acting_role?: string } {
  try {
    const [, claims = ""] = token.split(".");
    const bytes = Uint8Array.from(atob(claims.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return {};
  }
}

const redirectUri = () => new URL(CALLBACK, location.origin).href;

const unguessable = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

async function challengeOf(verifier: string): Promise<string> {
  return base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier))));
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
