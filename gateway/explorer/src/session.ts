// Who asks: the access token, kept in memory only, and renewed before it expires.

interface Grant {
  token: Promise<string>;
  renewAt: number; // milliseconds since the epoch
}

const RENEW_BEFORE = 30_000; // milliseconds: longer than an operation may take

let grant: Grant | undefined;
let who: { persona: string } | { pasted: string } | undefined;

/** From now on, act as this persona of the demonstration. */
export function actAs(persona: string): void {
  who = { persona };
  grant = undefined;
}

/** From now on, use the token that a person pasted; an empty one signs out. */
export function actWith(token: string): void {
  who = token ? { pasted: token } : undefined;
  grant = undefined;
}

export async function accessToken(): Promise<string> {
  if (!who) throw new Error("Nobody is signed in: paste an access token into the box at the top.");
  if ("pasted" in who) return who.pasted;
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
