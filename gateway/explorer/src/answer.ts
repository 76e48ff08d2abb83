// An answer in words: what was withheld, what could not be reached, and what is simply not recorded. These are three
// outcomes and never one; none of the words says why a thing is withheld, because the gateway does not say.
import { fieldNames, type Operation, type Path } from "./document";

interface Withheld {
  path: Path;
  brokerReference: string | null;
}

interface Failure {
  message: string;
  path?: Path;
  extensions?: { code?: string; agency?: string };
}

export interface Result {
  data?: Record<string, unknown> | null;
  errors?: Failure[];
  extensions?: { withheld?: Withheld[] };
}

export interface Answer {
  asker: string; // in words: `as teacher`
  purpose: string; // in words; empty where none was given
  operation: Operation;
  result: Result;
  record: string | null; // the ledger's reference for this access
}

/** What is to be said of one child. */
export interface Notice {
  child: string;
  withheld: string[]; // in words: `school`, `parents’ phone`
  brokerReference: string | null;
  unreachable: string[]; // whole sentences
}

export interface Words {
  notices: Notice[];
  refusals: string[]; // what went wrong with the operation as a whole
  plain: string[]; // what else is worth a sentence
  nothingMissing: boolean; // a child was shown, and nothing was withheld or out of reach
}

const FIELD: Record<string, string> = {
  enrolments: "school",
  practice: "GP practice",
  formerNames: "former names",
  keys: "other identifiers",
  nhsNumber: "NHS number",
  upn: "pupil number",
  birthEntry: "birth entry",
  birthDate: "birth date",
};

const UNREACHABLE: Record<string, string> = {
  school: "The school records could not be reached. This does not mean there is no school.",
  practice: "The GP practice could not be reached. This does not mean there is none.",
  parents: "The records of parents could not be reached in full. This does not mean there is nothing in them.",
  services: "The records of services could not be reached. This does not mean there are none.",
};

export function inWords({ operation, result }: Answer): Words {
  const notices = new Map<string, Notice>();
  const refusals: string[] = [];

  const noticeFor = (names: readonly (string | null)[], path: Path): Notice => {
    const child = path.slice(0, childDepth(names, path));
    const key = JSON.stringify(child);
    const notice = notices.get(key) ?? {
      child: childInWords(valueAt(result.data, child)),
      withheld: [],
      brokerReference: null,
      unreachable: [],
    };
    notices.set(key, notice);
    return notice;
  };

  for (const { path, brokerReference } of result.extensions?.withheld ?? []) {
    const names = fieldNames(operation, path);
    const notice = noticeFor(names, path);
    addOnce(notice.withheld, fieldInWords(names.slice(childDepth(names, path))));
    notice.brokerReference ??= brokerReference;
  }
  for (const { message, path = [], extensions } of result.errors ?? []) {
    if (extensions?.code !== "AGENCY_UNAVAILABLE") addOnce(refusals, message);
    else addOnce(noticeFor(fieldNames(operation, path), path).unreachable, outage(extensions));
  }

  const { children, searches } = found(operation, result.data);
  const plain = [];
  if (refusals.length === 0 && children.includes(null)) plain.push("No child that can be shown has this number or key.");
  if (searches.some((search) => search.tooMany)) plain.push("More children match than may be shown. Say more about the child.");
  else if (searches.some((search) => search.children?.length === 0)) plain.push("No child that can be shown matches.");
  if (refusals.length === 0 && noMonth(operation, result.data)) plain.push("No statistics have been built for that month.");
  const nothingMissing = notices.size === 0 && refusals.length === 0 && children.some((child) => child !== null);
  return { notices: [...notices.values()], refusals, plain, nothingMissing };
}

function outage({ agency = "" }: { agency?: string }): string {
  return UNREACHABLE[agency] ?? "An agency could not be reached. This does not mean it has nothing.";
}

/** `["parents", null, "phone"]` as `parents’ phone`. */
function fieldInWords(names: readonly (string | null)[]): string {
  const words = names.filter((name) => name !== null).map((name) => FIELD[name] ?? name);
  const last = words.pop() ?? "record";
  return words.length ? `${words.map((word) => (word.endsWith("s") ? `${word}’` : `${word}’s`)).join(" ")} ${last}` : last;
}

function childInWords(child: unknown): string {
  const { name, number } = (child ?? {}) as { name?: { given?: string[]; family?: string }; number?: string };
  return [...(name?.given ?? []), name?.family].filter(Boolean).join(" ") || number || "This child";
}

/** How many steps of a path lead to the child; none where it passes no child. */
function childDepth(names: readonly (string | null)[], path: Path): number {
  const single = names.findLastIndex((name) => name === "child" || name === "childByKey") + 1;
  const listed = names.findLastIndex((name, at) => name === "children" && typeof path[at + 1] === "number") + 2;
  return Math.max(single, listed === 1 ? 0 : listed);
}

interface Search {
  children?: unknown[];
  tooMany?: boolean;
}

/** Every child in the answer, null where none can be shown, and every search. */
function found(operation: Operation, data: Result["data"]): { children: unknown[]; searches: Search[] } {
  const children: unknown[] = [];
  const searches: Search[] = [];
  for (const [key, value] of Object.entries(data ?? {})) {
    const [name] = fieldNames(operation, [key]);
    if (name === "child" || name === "childByKey") children.push(value);
    else if (name === "children") children.push(...(value as unknown[]));
    else if (name === "findChildren" && value) searches.push(value as Search);
  }
  return { children: [...children, ...searches.flatMap((search) => search.children ?? [])], searches };
}

function noMonth(operation: Operation, data: Result["data"]): boolean {
  return Object.entries(data ?? {}).some(([key, value]) => value === null && fieldNames(operation, [key])[0] === "statistics");
}

function valueAt(data: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, step) => (value as Record<string | number, unknown> | null)?.[step], data);
}

function addOnce(list: string[], item: string): void {
  if (!list.includes(item)) list.push(item);
}
