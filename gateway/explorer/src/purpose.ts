// Why a person asks. The headers pane is the one truth: the boxes above it are read from it and written into it.
import { tryParseJSONC } from "@graphiql/react";

export const PURPOSE = "Contactpoint-Purpose";
export const REASON = "Contactpoint-Reason";

/** Offered where the gateway does not say which purposes a person may give. */
export const EVERY_PURPOSE = [
  "SAFEGUARDING",
  "CHILD_WELFARE",
  "HEALTH",
  "EDUCATION",
  "SERVICE_COORDINATION",
  "SHIELD_MANAGEMENT",
  "DATA_QUALITY",
  "STATISTICS",
  "AUDIT",
];

const PRACTICE = EVERY_PURPOSE.slice(0, 5);

const PURPOSES_OF: Record<string, string[]> = {
  PRACTITIONER: PRACTICE,
  PARTNER: PRACTICE,
  SHIELD_OFFICER: ["SHIELD_MANAGEMENT", "SAFEGUARDING"],
  STEWARD: ["DATA_QUALITY"],
  ANALYST: ["STATISTICS"],
  AUDITOR: ["AUDIT"],
};

/** What somebody of this role may come for, as far as the page can know; the gateway decides. */
export function purposesOf(role: string): string[] {
  return PURPOSES_OF[role] ?? EVERY_PURPOSE;
}

/** The shortest reason that the gateway takes of whoever must state one, in characters. */
export const SHORTEST_REASON = 10;

/** Whether nobody is told anything for this purpose before they say why, as far as the page can know; the gateway decides. */
export function mustSayWhy(purpose: string): boolean {
  return purpose === "AUDIT";
}

/** The pane as headers, or undefined while it is being typed and is no JSON object yet. */
export function headersIn(pane: string): Record<string, string> | undefined {
  try {
    const headers = tryParseJSONC(pane) ?? {};
    return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
  } catch {
    return undefined;
  }
}

/** One header's value, whatever case its name was typed in. */
export function headerIn(headers: Record<string, string>, name: string): string {
  const found = Object.keys(headers).find((key) => key.toLowerCase() === name.toLowerCase());
  return found ? (headers[found] ?? "") : "";
}

/** The pane's text with one header set, or left out where the value is empty. */
export function withHeader(pane: string, name: string, value: string): string {
  const others = Object.entries(headersIn(pane) ?? {}).filter(([key]) => key.toLowerCase() !== name.toLowerCase());
  return JSON.stringify(Object.fromEntries(value ? [...others, [name, value]] : others), null, 2);
}

/** `CHILD_WELFARE` as a person reads it. */
export function purposeInWords(purpose: string): string {
  return purpose.charAt(0) + purpose.slice(1).toLowerCase().replaceAll("_", " ");
}
