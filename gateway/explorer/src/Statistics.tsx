// Counts as a chart beside the answer, and as a file for whoever counts on. What is not told is hatched, and said.
import type { Answer } from "./answer";
import { asCsv, type Cell, type Counts, countsIn, inWords } from "./statistics";

const MOST_BARS = 60; // beyond, nobody compares bars
const LINE = 22;
const LABEL = 190;
const WIDTH = 520;
const UNTOLD = 10; // such a bar is as long as the most it could stand for

export function Statistics({ answer }: { answer: Answer }) {
  return countsIn(answer).map((counts) => <Month key={counts.key} counts={counts} />);
}

function Month({ counts }: { counts: Counts }) {
  const { month, cells } = counts;
  const shown = cells.slice(0, MOST_BARS);
  const untold = cells.filter((cell) => cell.count === null).length;
  const most = Math.max(UNTOLD, ...shown.map((cell) => cell.count ?? 0));
  const title = `Children${month && `, ${monthInWords(month)}`}`;
  return (
    <figure className="statistics">
      <figcaption>
        <strong>{title}</strong>
        <button type="button" onClick={() => save(counts)}>
          Save as CSV
        </button>
      </figcaption>
      <svg role="img" aria-label={`${title}: ${cells.map(said).join("; ")}`} viewBox={`0 0 ${WIDTH} ${shown.length * LINE}`}>
        <defs>
          <pattern id="untold" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
            <line y2="6" />
          </pattern>
        </defs>
        {shown.map((cell, place) => (
          <Bar key={place} cell={cell} top={place * LINE} length={(cell.count ?? UNTOLD) / most} />
        ))}
      </svg>
      <p className="legend">
        {untold > 0 &&
          `${untold === 1 ? "One count is" : `${untold} counts are`} not told: fewer than ten children, none among them, or too near to such a count. `}
        The others are a little off and rounded to five, so they do not add up to totals.
        {cells.length > shown.length && ` The first ${shown.length} of ${cells.length} are drawn; the file has them all.`}
      </p>
    </figure>
  );
}

function Bar({ cell, top, length }: { cell: Cell; top: number; length: number }) {
  const width = Math.max(2, length * (WIDTH - LABEL - 90));
  return (
    <g transform={`translate(0 ${top})`} className={cell.count === null ? "untold" : undefined}>
      <text x={LABEL - 8} y={15} textAnchor="end">
        {inWords(cell)}
      </text>
      <rect x={LABEL} y={3} width={width} height={LINE - 6} />
      <text x={LABEL + width + 6} y={15}>
        {cell.count === null ? "not told" : cell.count.toLocaleString("en-GB")}
      </text>
    </g>
  );
}

const said = (cell: Cell) => `${inWords(cell)} ${cell.count ?? "not told"}`;

function monthInWords(month: string): string {
  return new Date(`${month}T00:00:00Z`).toLocaleDateString("en-GB", { month: "long", year: "numeric", timeZone: "UTC" });
}

function save(counts: Counts): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([asCsv(counts)], { type: "text/csv" }));
  link.download = `statistics-${counts.month || counts.key}.csv`;
  link.click();
  URL.revokeObjectURL(link.href);
}
