// Beside the answer: what was withheld or out of reach, child by child, in words; and the record of this access.
import type { Answer, Notice } from "./answer";
import { inWords } from "./answer";
import { Statistics } from "./Statistics";

export function AnswerInWords({ answer }: { answer: Answer | undefined }) {
  return (
    <div className="words" role="status" aria-live="polite" aria-label="The answer in words">
      {answer ? <Said answer={answer} /> : null}
    </div>
  );
}

function Said({ answer }: { answer: Answer }) {
  const { notices, refusals, plain, nothingMissing } = inWords(answer);
  return (
    <>
      <p className="asked">
        Asked <strong>{answer.asker}</strong>, purpose <strong>{answer.purpose || "none given"}</strong>
      </p>
      {refusals.map((message) => (
        <p key={message} className="notice refusal">
          <strong>Not answered:</strong> {message}
        </p>
      ))}
      <Statistics answer={answer} />
      {plain.map((sentence) => (
        <p key={sentence} className="notice plain">
          {sentence}
        </p>
      ))}
      {notices.map((notice, place) => (
        <OfOneChild key={place} notice={notice} />
      ))}
      {notices.length > 0 && <p className="legend">An empty field that is not listed above means that nothing is recorded.</p>}
      {nothingMissing && <p className="legend">Nothing was withheld. An empty field means that nothing is recorded.</p>}
      {answer.record && (
        <p className="record">
          This access is recorded as <code>{answer.record}</code>
        </p>
      )}
    </>
  );
}

function OfOneChild({ notice: { child, withheld, brokerReference, unreachable } }: { notice: Notice }) {
  return (
    <>
      {withheld.length > 0 && (
        <div className="notice withheld">
          <h2>{child}</h2>
          <p>
            <strong>Withheld:</strong> {listed(withheld)}. This does not say whether anything is recorded.
          </p>
          {brokerReference && (
            <p>
              Contact is arranged through broker reference <code>{brokerReference}</code>
            </p>
          )}
        </div>
      )}
      {unreachable.length > 0 && (
        <div className="notice unreachable">
          <h2>{child}</h2>
          {unreachable.map((sentence) => (
            <p key={sentence}>{sentence}</p>
          ))}
        </div>
      )}
    </>
  );
}

const listed = (words: string[]) => new Intl.ListFormat("en-GB").format(words);
