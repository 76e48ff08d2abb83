// Where GraphiQL keeps its tabs and panes: in this page's memory and nowhere else. A child's number left in
// localStorage would stay on a shared machine's disk for whoever sits down next.

const kept = new Map<string, string>();

export const memory = {
  get length() {
    return kept.size;
  },
  getItem: (key: string) => kept.get(key) ?? null,
  setItem: (key: string, value: string) => void kept.set(key, value),
  removeItem: (key: string) => void kept.delete(key),
  clear: () => kept.clear(),
};
