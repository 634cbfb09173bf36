// Words that make a text a question. Prose seldom holds them, so by frequency alone they would look like its subject.
// English has more of them among its stop words.
import type { Language } from "./language.ts";

const ENGLISH =
  "how (?:many|much|long|often|old|far)|(?:must|shall) (?:i|we|one)|what (?:kind|type|sort)s? of|please|tell me";

/** Several are English words or names: "comment", "chi", "kim". */
const OTHER_LATIN = [
  "wie ?viele?|wer|wem|wen|wann|warum|welche[rsnm]?|wo|woher|wohin|wieso",
  "combien|quand|pourquoi|comment|quels?|quelles?|qui|ou|est ce que",
  "cuant[oa]s?|cuando|cual(?:es)?|quien(?:es)?|donde|por que|que",
  "quant[oaie]s?|quando|quale?i?s?|chi|dove|perche|onde|quem|qual|quais",
  "hoeveel|wanneer|waarom|welke?|wie|waar",
  "kac|kim|ne|nerede|nasil|hangi|niye|neden",
];

const OTHER_SPACED = [
  "сколько|какои|какая|какое|какие|каких|каким|какими|какого|какои|какую|кто|кого|кому|кем|что|где|когда|почему|зачем|куда|откуда|как|чем|чему|которыи|которая|которые",
  "كم|من|ما|ماذا|متي|متى|اين|كيف|لماذا|هل|اي|اية|ايه|الذي|التي",
];

/** Longer ones first, so that a part is not taken for the whole. */
const UNSPACED = [
  "为什么|什么样|什么时候|怎么样|怎么|怎样|什么|多少|多久|多大|多长|多远|哪一个|哪一年|哪些|哪个|哪里|哪种|哪年|哪|谁|几个|几|如何|为何|何时|何地|是否|吗|呢|請問|请问",
  "為什麼|什麼時候|怎麼|什麼|誰|幾個|幾|嗎",
  "いくつ|いくら|どのくらい|どのように|どこ|どの|どれ|どう|だれ|誰|なぜ|いつ|何人|何年|何",
  "몇|무엇|어디|언제|누구|어떻게|왜|어떤",
];

const IN_ENGLISH = anyOf([ENGLISH, ...OTHER_SPACED]);
const IN_ANY = anyOf([ENGLISH, ...OTHER_LATIN, ...OTHER_SPACED]);

function anyOf(spaced: readonly string[]): RegExp {
  return new RegExp(`(?<![\\p{L}\\p{N}])(?:${spaced.join("|")})(?![\\p{L}\\p{N}])|${UNSPACED.join("|")}`, "gu");
}

/** A folded query without them; all of it when nothing else is asked. `languages` are those that it is asked in, maybe. */
export function withoutQuestionWords(folded: string, languages: readonly Language[]): string {
  const rest = folded.replace(languages.includes("other") ? IN_ANY : IN_ENGLISH, " ");
  return /[\p{L}\p{N}]/u.test(rest) ? rest : folded;
}
