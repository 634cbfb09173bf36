// Signs that a text speaks to the model instead of with it. Heuristics: they find what is common, and nothing is proven by their
// silence. Each kind counts once; the weights are set so that one plain attempt reaches 60 and a quoted word does not.

interface Sign {
  kind: string;
  weight: number;
  expression: RegExp;
  /** Looks at where lines begin; the others read over the ends of lines. */
  isByLine?: true;
}

const SIGNS: readonly Sign[] = [
  {
    kind: "overrides-instructions",
    weight: 60,
    expression:
      /\b(?:ignore|disregard|forget|override|bypass)\b.{0,30}\b(?:previous|prior|above|earlier|preceding|all|any|your|system|the)\b.{0,20}\b(?:instructions?|prompts?|rules|directives?|guidelines|constraints)\b/,
  },
  {
    kind: "overrides-instructions",
    weight: 60,
    expression:
      /\b(?:ignorier\w*|vergiss)\b.{0,30}\b(?:anweisungen|regeln|vorgaben)\b|\b(?:ignora|olvida)\b.{0,30}\b(?:instrucciones|reglas)\b|\b(?:ignore[zr]?|oublie[zr]?)\b.{0,30}\b(?:instructions|consignes|règles)\b/,
  },
  { kind: "overrides-instructions", weight: 60, expression: /(?:игнорируй|забудь).{0,30}(?:инструкци|указани|правил)/ },
  { kind: "overrides-instructions", weight: 60, expression: /(?:忽略|无视|忘记).{0,12}(?:指令|指示|提示|规则)/ },
  {
    kind: "asks-for-instructions",
    weight: 60,
    expression:
      /\b(?:reveal|show|print|repeat|output|display|leak|tell me|what (?:is|are|was|were))\b.{0,30}\b(?:your|the)\b.{0,12}\b(?:system prompt|system message|(?:initial|hidden|original|secret) (?:instructions?|prompt)|instructions above)\b/,
  },
  {
    kind: "speaks-as-another-role",
    weight: 60,
    expression: /<\|(?:im_start|im_end|system|endoftext|start_header_id|eot_id)\|?>|\[\/?inst\]|<<\/?sys>>/,
  },
  {
    kind: "speaks-as-another-role",
    weight: 60,
    expression: /(?:^|\n)\s{0,4}(?:#{1,4} ?)?(?:system|developer)(?: prompt| message)? ?:/,
    isByLine: true,
  },
  {
    kind: "takes-a-persona",
    weight: 60,
    expression:
      /\b(?:you are|act as|pretend (?:to be|you are)|from now on)\b.{0,40}\b(?:dan|jailbr\w+|unrestricted|unfiltered|uncensored|no (?:restrictions|rules|limits|filters)|without (?:restrictions|rules|limits|filters))\b/,
  },
  { kind: "takes-a-persona", weight: 40, expression: /\b(?:developer|debug|god|sudo|admin) mode\b/ },
  {
    kind: "carries-data-out",
    weight: 40,
    expression:
      /\b(?:send|post|forward|upload|exfiltrate|append)\b.{0,60}\b(?:conversation|history|secrets?|credentials?|api keys?|passwords?|context)\b.{0,40}(?:https?:|\bto\b)/,
  },
  {
    kind: "hides-from-the-reader",
    weight: 40,
    expression: /\b(?:do not|don't|never)\b.{0,20}\b(?:tell|mention|inform|reveal)\b.{0,30}\b(?:user|human|anyone)\b/,
  },
  { kind: "carries-encoded-text", weight: 30, expression: /\b(?:decode|base64|rot13|hex)\b.{0,60}[a-z0-9+/]{40}/ },
];

/** Characters of the tag block spell ASCII that no reader sees. */
const TAG_CHARACTERS = /[\u{e0020}-\u{e007e}]{4}/u;
const TAG_WEIGHT = 60;
const INVISIBLE = /[\u200b-\u200f\u2060-\u2064\ufeff\u00ad]/g;

export interface InjectionSigns {
  /** Of 100. */
  score: number;
  kinds: string[];
}

export function injectionSigns(text: string): InjectionSigns {
  const weights = new Map<string, number>();
  const note = (kind: string, weight: number) => weights.set(kind, Math.max(weight, weights.get(kind) ?? 0));
  if (TAG_CHARACTERS.test(text)) note("hides-characters", TAG_WEIGHT);
  const plain = plainText(text);
  const flat = plain.replaceAll("\n", " ");
  for (const { kind, weight, expression, isByLine } of SIGNS) {
    if (expression.test(isByLine === true ? plain : flat)) note(kind, weight);
  }
  const sum = [...weights.values()].reduce((total, weight) => total + weight, 0);
  return { score: Math.min(100, sum), kinds: [...weights.keys()] };
}

/** The text as a reader takes it: wide and styled letters made plain, invisible ones dropped, blanks joined, line starts kept. */
function plainText(text: string): string {
  return text
    .normalize("NFKC")
    .replaceAll(INVISIBLE, "")
    .toLowerCase()
    .replaceAll(/[^\S\n]+/g, " ")
    .replaceAll(/\n\s*/g, "\n");
}
