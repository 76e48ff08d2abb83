// Which answer stands in the open tab, and until when: never beside another question than its own.
import {
  type SlicesWithActions,
  useGraphiQL,
  useGraphiQLActions,
  useHeadersEditorState,
  useOperationsEditorState,
  useVariablesEditorState,
} from "@graphiql/react";
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { AnswerInWords } from "./AnswerInWords";
import type { Answer } from "./answer";
import { useWho } from "./session";

type ByTab<T> = Record<string, T | undefined>;

export const openTab = ({ tabs, activeTabIndex }: SlicesWithActions) => tabs[activeTabIndex]?.id ?? "";

interface Props {
  latest: Answer | undefined;
  abandon(): void; // the run whose answer has not come
}

/** Each tab keeps its answer, in JSON and in words, for as long as it is asked by the same person about the same child. */
export function WordsOfTab({ latest, abandon }: Props) {
  const tab = useGraphiQL(openTab);
  const responseEditor = useGraphiQL((state) => state.responseEditor);
  const { updateActiveTabValues } = useGraphiQLActions();
  const [answers, setAnswers] = useState<ByTab<Answer>>({});
  const question = useQuestion();
  const questions = useRef<ByTab<string>>({});

  // Before the new circumstances are painted, so that nobody sees the old answer beside them.
  useLayoutEffect(() => {
    abandon();
    const before = questions.current[tab];
    questions.current[tab] = question;
    if (before === undefined || before === question) return; // another tab, as it was left
    setAnswers((others) => ({ ...others, [tab]: undefined }));
    responseEditor?.setValue("");
    updateActiveTabValues({ response: "" });
  }, [tab, question]);

  // An answer belongs to the tab that is open when it arrives: that is where GraphiQL puts it too.
  useEffect(() => setAnswers((others) => ({ ...others, [tab]: latest })), [latest]);
  return <AnswerInWords answer={answers[tab]} />;
}

/** Who asks, why, and about whom. Which fields are asked for is no part of it, so that they can be edited by their answer. */
function useQuestion(): string {
  const who = useWho();
  const [headers] = useHeadersEditorState();
  const [variables] = useVariablesEditorState();
  const [operation] = useOperationsEditorState();
  const literals = operation.match(/"[^"]*"|\b\d+/g); // a child's number may stand in the operation's own text
  return JSON.stringify([who, headers, variables, literals]);
}
