// `local/extractive`: answers with sentences of the sources, word for word (a table's row as `column: cell`), or says that
// they hold no answer. It reads nothing into them: no rephrasing, no arithmetic, no world knowledge.
import { folded } from "../analysis/script.ts";
import { estimatedTokens } from "../text/tokens.ts";
import { answerType } from "./answer-type.ts";
import { OMISSION } from "./compress.ts";
import { type Lexicon, lexiconOf } from "./lexicon.ts";
import { readableText, statements } from "./passage.ts";
import { NOT_IN_SOURCES, type PromptSource } from "./prompt.ts";

export interface ExtractiveAnswer {
  readonly text: string;
  readonly grounded: boolean;
}

/** Less of the question in a sentence and its neighbours is another subject that shares some words. */
const MIN_COVER = 0.4;
/** A further sentence is worth saying when it is nearly as good and adds something that was asked. */
const FURTHER_SHARE = 0.6;
const MIN_ADDED_COVER = 0.1;
const MAX_SENTENCES = 3;
const MAX_SOURCES = 50;

interface Statement {
  readonly marker: number;
  readonly text: string;
  readonly terms: ReadonlySet<number>;
  readonly score: number;
  /**
   * How much of the question is in this statement or the one before it; half of it may be owed to title and headings. None
   * where another kind of thing is asked for.
   */
  readonly support: number;
}

export function extractiveAnswer(question: string, sources: readonly PromptSource[]): ExtractiveAnswer {
  const ordered = scoredStatements(question, sources.slice(0, MAX_SOURCES));
  const [best] = ordered;
  if (best === undefined || best.support < MIN_COVER) return { text: NOT_IN_SOURCES, grounded: false };
  const chosen = [best, ...furtherStatements(question, ordered, best)];
  return { text: chosen.map(({ text, marker }) => `${oneLine(text)} [${marker}]`).join(" "), grounded: true };
}

function scoredStatements(question: string, sources: readonly PromptSource[]): Statement[] {
  const parts = sources.flatMap(({ marker, text, heading = "" }) =>
    text.split(OMISSION).flatMap((part) =>
      statements(part).map((statement, index) => ({
        marker,
        heading,
        text: readableText(part, statement),
        isFirst: index === 0,
      })),
    ),
  );
  const lexicon = lexiconOf(parts.map((part) => part.text));
  const wanted = lexicon.termsOfQuestion(question);
  const pairsIn = pairReader(question);
  const wantsNumber = NUMBER_QUESTION.test(question);
  const type = answerType(question);
  const named = lexicon.termsOf(type?.names ?? "");
  const main = lexicon.termsOfQuestion(mainClause(question));
  const wantedOfKind = wanted.difference(named);
  return parts
    .map(({ marker, text, heading, isFirst }, index) => {
      const terms = lexicon.termsOf(text);
      const isOfKind = type?.isIn(text) ?? false;
      const isCount = type?.counts(text) ?? false;
      const asked = isOfKind ? wantedOfKind : wanted;
      const cover = lexicon.cover(asked, terms);
      const before = isFirst ? undefined : parts[index - 1];
      const context = before === undefined ? terms : new Set([...terms, ...lexicon.termsOf(before.text)]);
      const under = new Set([...context, ...lexicon.termsOf(heading)]);
      const bonus =
        (wantsNumber && /\p{N}/u.test(text) ? NUMBER_BONUS : 0) +
        (isCount ? UNIT_BONUS : 0) +
        (beginsWith(text, asked, lexicon) ? SUBJECT_BONUS : 0) +
        PAIR_WEIGHT * pairsIn(text) -
        (text.trimEnd().endsWith("?") ? QUESTION_MALUS : 0);
      const nearby = lexicon.cover(asked, context);
      // A number of what is counted needs no circumstances to be about the question.
      const needed = isCount ? asked.intersection(main) : asked;
      const isOther = type !== null && !isOfKind;
      const support = isOther ? 0 : (lexicon.cover(needed, context) + lexicon.cover(needed, under)) / 2;
      const length = LENGTH_MALUS * Math.min(1, estimatedTokens(text) / 120);
      return { marker, text, terms, score: cover + CONTEXT_WEIGHT * nearby + bonus - length, support };
    })
    .toSorted((a, b) => b.score - a.score);
}

const CONTEXT_WEIGHT = 0.25;
/** Tells rows and sentences apart that differ in small words: "up to 75" and "more than 75". */
const PAIR_WEIGHT = 0.05;
const NUMBER_BONUS = 0.15;
/** "8 weeks", where the question is how many weeks. */
const UNIT_BONUS = 0.15;
const SUBJECT_BONUS = 0.06;
/** A question in a text (a heading of a list of answers) is not an answer. */
const QUESTION_MALUS = 0.3;
const LENGTH_MALUS = 0.05;
const NUMBER_QUESTION =
  /\b(?:how (?:many|much|long|often|old|far)|when|what (?:year|date|time|percentage|number|amount))\b|(?<!\p{L})(?:сколько|когда|как (?:долго|часто|давно)|каком (?:году|веке)|какой процент|كم|متى|[أا]ي (?:عام|سنة|قرن)|نسبة|عدد)(?![\p{L}\p{M}])|多少|几|哪一?年|什么时候|何时|多[久长大远]/iu;

/** Whether what is asked about stands at the head of the sentence, as its subject does. */
function beginsWith(text: string, asked: ReadonlySet<number>, lexicon: Lexicon): boolean {
  const [first = ""] = folded(text).match(/[\p{L}\p{N}]+/u) ?? [];
  return !lexicon.termsOf(first).isDisjointFrom(asked);
}

/** Without what tells under which circumstances: "when a child is born". */
function mainClause(question: string): string {
  const [main = question] = question.split(SUBORDINATE, 1);
  return main;
}

const SUBORDINATE = /(?<=\S)\s+(?:when|if|while|after|before|once|until|because|although|unless)\s/i;

/** The share of the question's neighbouring words that are neighbours in a text, small words included. */
function pairReader(question: string): (text: string) => number {
  const wanted = new Set(pairsOf(question));
  return (text) => {
    if (wanted.size === 0) return 0;
    const given = new Set(pairsOf(text));
    return [...wanted].filter((pair) => given.has(pair)).length / wanted.size;
  };
}

function pairsOf(text: string): string[] {
  const words = folded(text).match(/[\p{L}\p{N}]+/gu) ?? [];
  return words.slice(1).map((word, index) => `${words[index]} ${word}`);
}

function furtherStatements(question: string, ordered: readonly Statement[], best: Statement): Statement[] {
  const lexicon = lexiconOf(ordered.map((statement) => statement.text));
  const wanted = lexicon.termsOfQuestion(question);
  const said = new Set(best.terms);
  const further: Statement[] = [];
  for (const statement of ordered) {
    if (further.length + 1 === MAX_SENTENCES || statement.score < best.score * FURTHER_SHARE) break;
    const added = lexicon.cover(wanted, new Set([...said, ...statement.terms])) - lexicon.cover(wanted, said);
    if (statement === best || statement.support === 0 || added < MIN_ADDED_COVER) continue;
    further.push(statement);
    for (const id of statement.terms) said.add(id);
  }
  return further;
}

/** A quoted list item or wrapped line reads as a sentence; its words stay as they are. */
function oneLine(text: string): string {
  return text
    .replace(/^(?:[-*+]|\d{1,9}[.)])\s+/, "")
    .replace(/\s*\n\s*/g, " ")
    .trim();
}
