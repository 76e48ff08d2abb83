// One operation on its way to the gateway: token and purpose go with it, the answer and its record come back.
import type { FetcherParams } from "@graphiql/toolkit";
import type { Answer, Result } from "./answer";
import { running } from "./document";
import { headerIn, PURPOSE, purposeInWords } from "./purpose";
import { accessToken, askerInWords } from "./session";

// Header values that every proxy passes on unchanged.
const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;

const CHANGED = "Something above was changed before the answer came. Run it again.";

/** Ask the gateway, with the headers of the pane. What keeps an answer from coming is said as an error in one. */
export async function ask(operation: FetcherParams, pane: Record<string, string>, signal: AbortSignal): Promise<Answer> {
  const asked = withLiveName(operation);
  const about = { asker: askerInWords(), purpose: purposeInWords(headerIn(pane, PURPOSE)), operation: asked };
  try {
    return { ...about, ...(await sent(asked, pane, signal)) };
  } catch (failure) {
    const message = signal.aborted ? CHANGED : (failure as Error).message;
    return { ...about, result: { errors: [{ message }] }, record: null };
  }
}

async function sent(
  operation: FetcherParams,
  pane: Record<string, string>,
  signal: AbortSignal,
): Promise<Pick<Answer, "result" | "record">> {
  const headers = new Headers({
    accept: "application/graphql-response+json",
    "content-type": "application/json",
  });
  for (const [name, value] of Object.entries(pane)) headers.set(name, checked(name, value));
  headers.set("authorization", `Bearer ${await accessToken()}`);

  const response = await fetch("/graphql", { method: "POST", headers, body: JSON.stringify(operation), signal });
  const result = (await response.json()) as Result;
  return { result, record: response.headers.get("contactpoint-record") };
}

/** GraphiQL learns a document's operation name a moment after its text: the name of a document left behind is dropped. */
function withLiveName(operation: FetcherParams): FetcherParams {
  return { ...operation, operationName: running(operation)?.name?.value };
}

function checked(name: string, value: string): string {
  if (name.toLowerCase() === "authorization")
    throw new Error("Take Authorization out of the headers: the token comes from the box at the top, and only from it.");
  if (!PRINTABLE_ASCII.test(value))
    throw new Error(`${name} may hold plain letters, digits and punctuation only (no accents, no curly quotes).`);
  return value;
}
