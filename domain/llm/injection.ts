import { plainText } from "./plain-text.ts";

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
      /(?<!\bnot |n't |\bnever )\b(?:ignore|disregard|forget|override|bypass)\b(?:.{0,30}\b(?:previous|prior|above|earlier|preceding|your|system)\b.{0,20}\b(?:instructions?|prompts?|rules|directives?|guidelines|constraints)\b| (?:all|any|every|these|those|the)(?: of| the| other)* (?:instructions?|prompts?|directives?)\b)/,
  },
  {
    kind: "overrides-instructions",
    weight: 40,
    expression:
      /(?<!\bnot |n't |\bnever )\b(?:ignore|disregard|forget|override|bypass)\b.{0,20}\b(?:all|any|the)\b.{0,20}\b(?:rules|guidelines|constraints)\b/,
  },
  {
    kind: "overrides-instructions",
    weight: 60,
    expression:
      /\b(?:ignorier\w*|vergiss(?! nicht))\b.{0,30}\b(?:anweisungen|regeln|vorgaben)\b|\b(?<!no )(?:ignora|olvida)\b.{0,30}\b(?:instrucciones|reglas|istruzioni|regole)\b|\bignore\b.{0,30}\binstruções\b|\b(?<!n')(?:ignore[zr]?|oublie[zr]?)\b.{0,30}\b(?:instructions (?:précédentes|antérieures|ci-dessus)|consignes|règles)/,
  },
  {
    kind: "overrides-instructions",
    weight: 60,
    expression: /(?<!не )(?:игнорируй|забудь).{0,30}(?:инструкци|указани|правил)/,
  },
  {
    kind: "overrides-instructions",
    weight: 60,
    expression:
      /(?<![别不要])(?:忽略|无视|忘记).{0,12}(?:指令|指示|提示|规则)|(?:指示|命令|プロンプト).{0,6}(?:無視|忘れ)(?!しない|ない)/,
  },
  {
    kind: "asks-for-instructions",
    weight: 60,
    expression:
      /\b(?:reveal|show|print|repeat|output|display|leak|tell me|what (?:is|are|was|were))\b.{0,30}\b(?:your\b.{0,12}\b(?:system prompt|system message|(?:initial|hidden|original|secret) (?:instructions?|prompt))|the\b.{0,12}\b(?:instructions above(?! the| my| a\b)|(?:hidden|secret) (?:instructions?|prompt)))\b/,
  },
  {
    kind: "asks-for-instructions",
    weight: 60,
    expression:
      /\b(?:reveal|show me|print|repeat|output|display|leak|give me)\b.{0,20}\b(?:the (?:system prompt|system message)|everything above(?! the| my| a\b))\b/,
  },
  {
    kind: "speaks-as-another-role",
    weight: 60,
    expression: /<\|(?:im_start|im_end|system|endoftext|start_header_id|eot_id)\|?>|\[\/?inst\]|<<\/?sys>>/,
  },
  {
    kind: "speaks-as-another-role",
    weight: 60,
    expression:
      /(?:^|\n)\s{0,4}(?:#{1,4} ?(?:system|developer)(?: prompt| message)? ?:|(?:system|developer) (?:prompt|message) ?:|\[(?:system|developer)\]|(?:system|developer) ?: ?(?:you|ignore|new|from now|always|never|do not|obey)\b)/,
    isByLine: true,
  },
  {
    kind: "takes-a-persona",
    weight: 60,
    expression:
      /\b(?:you are|act as|pretend (?:to be|you are)|from now on,? you)\b.{0,40}\b(?:jailbr\w+|unrestricted|unfiltered|uncensored|no (?:restrictions|rules|limits|filters)|without (?:restrictions|rules|limits|filters))\b|\b(?:you are now|act as|pretend (?:to be|you are)|from now on,? you)\b.{0,20}\bdan\b|\bdo anything now\b/,
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

export interface InjectionSigns {
  /** Of 100. */
  score: number;
  kinds: string[];
}

export function injectionSigns(text: string): InjectionSigns {
  const weights = new Map<string, number>();
  const note = (kind: string, weight: number) => weights.set(kind, Math.max(weight, weights.get(kind) ?? 0));
  if (TAG_CHARACTERS.test(text)) note("hides-characters", TAG_WEIGHT);
  const plain = flattened(text);
  const flat = plain.replaceAll("\n", " ");
  for (const { kind, weight, expression, isByLine } of SIGNS) {
    if (expression.test(isByLine === true ? plain : flat)) note(kind, weight);
  }
  const sum = [...weights.values()].reduce((total, weight) => total + weight, 0);
  return { score: Math.min(100, sum), kinds: [...weights.keys()] };
}

/** Blanks joined, line starts kept. */
function flattened(text: string): string {
  return plainText(text)
    .plain.toLowerCase()
    .replaceAll(/[^\S\n]+/g, " ")
    .replaceAll(/\n\s*/g, "\n");
}
