// A month's counts out of an answer, whatever they were called in the operation; in words, and as a file.
import type { Answer } from "./answer";
import { fieldNames, type Path } from "./document";

export interface Cell {
  authority: string;
  ageBand: string;
  gender: string;
  count: number | null; // null: not told
}

export interface Counts {
  key: string; // the answer's own word for them
  month: string; // empty where it was not asked for
  cells: Cell[];
}

/** Every month of counts in an answer; those without their counts are none. */
export function countsIn({ operation, result }: Answer): Counts[] {
  const namesOf = (path: Path) => (path.at(-1) === undefined ? "" : (fieldNames(operation, path).at(-1) ?? ""));
  const named = (path: Path, object: object) =>
    Object.fromEntries(Object.entries(object).map(([key, value]) => [namesOf([...path, key]), value]));

  return Object.entries(result.data ?? {}).flatMap(([key, value]) => {
    if (!value || namesOf([key]) !== "statistics") return [];
    const listKey = Object.keys(value).find((each) => namesOf([key, each]) === "cells");
    const rows = listKey === undefined ? [] : (value as Record<string, object[]>)[listKey]!;
    const cells = rows.map((row, place) => named([key, listKey!, place], row));
    if (!cells.length || cells.some((cell) => !("count" in cell))) return [];
    const { month = "" } = named([key], value);
    return [{ key, month, cells: cells.map(({ authority = "", ageBand = "", gender = "", count }) => ({
      authority: authority ?? "", ageBand: ageBand ?? "", gender: gender ?? "", count,
    })) }];
  });
}

/** `FROM_5_TO_9` as `5 to 9`. */
export function inWords({ authority, ageBand, gender }: Cell): string {
  const age = ageBand.replace("FROM_", "").replaceAll("_", " ").toLowerCase();
  return [authority, age, gender.toLowerCase()].filter(Boolean).join(", ") || "all children";
}

/** Comma-separated, what is not told left empty. */
export function asCsv({ month, cells }: Counts): string {
  const rows = cells.map((cell) => [month, cell.authority, cell.ageBand, cell.gender, cell.count ?? ""]);
  return [["month", "authority", "ageBand", "gender", "count"], ...rows]
    .map((row) => row.map((value) => quoted(String(value))).join(",") + "\r\n")
    .join("");
}

/** What begins like a formula would be reckoned by a spreadsheet, not shown. */
function quoted(value: string): string {
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
