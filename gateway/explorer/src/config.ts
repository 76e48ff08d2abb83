// What the gateway tells its own page: whether this is a demonstration, who may be acted as, what to begin with.
import type { Door } from "./signIn";

export interface Persona {
  name: string;
  description: string;
  purposes: string[];
}

export interface Example {
  title: string;
  query: string;
  variables: Record<string, unknown>;
}

export interface Config {
  demo: boolean;
  personas: Persona[];
  children: Record<string, string>;
  examples: Example[];
  signInOffered: boolean;
  signIn: Door[]; // of the issuers that can be reached
}

export async function loadConfig(): Promise<Config> {
  const response = await fetch("/explorer/config");
  if (!response.ok) throw new Error(`the gateway answered ${response.status} when asked for its settings`);
  return response.json();
}
