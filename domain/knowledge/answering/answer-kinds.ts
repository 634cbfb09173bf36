// The kinds of thing that questions ask for by their words, language by language. A language without a table leaves them open.

export interface AnswerKind {
  /** How a question asks for it. Of its groups the one that matched is the word that names the kind. */
  readonly asks: RegExp;
  readonly isIn: RegExp;
  /** How what is counted follows, in a group, where it can be recognised beside a number. */
  readonly counted?: RegExp;
}

/** A whole word in any alphabet: `\b` knows Latin letters alone. */
function words(...alternatives: string[]): RegExp {
  return new RegExp(`(?<![\\p{L}\\p{N}])(?:${alternatives.join("|")})(?![\\p{L}\\p{N}])`, "iu");
}

const ENGLISH_NUMBERS =
  /\p{N}(?!\p{N}*(?:st|nd|rd|th)\b)|\b(?:no|none|zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen|(?:twen|thir|for|fif|six|seven|eigh|nine)ty|hundreds?|thousands?|millions?|billions?|dozens?|half|third|quarter|once|twice|single|both|several|many|few|all)\b/iu;

const ENGLISH: readonly AnswerKind[] = [
  {
    asks: /\b(?:what|which) (colou?rs?)\b|\b(colou?r) of\b/i,
    isIn: /\b(?:black|white|gr[ae]y|silver|gold(?:en)?|brown|beige|red|pink|orange|yellow|green|turquoise|teal|cyan|blue|navy|violet|purple|magenta|maroon|crimson|scarlet|colou?rless|transparent)\b/i,
  },
  { asks: /\b(?:what|which) (years?|century|decade)\b/i, isIn: /\b\d{3,4}s?\b|\bcentury\b/i },
  {
    asks: /\b(?:what|which) (percentages?|percent|number|amount|share|proportion)\b/i,
    isIn: ENGLISH_NUMBERS,
  },
  {
    asks: /\bhow (?:many|much|old|far|tall|deep|large|big)\b()/i,
    isIn: ENGLISH_NUMBERS,
    counted: /\bhow many (?:more |other |different )?(\p{L}{3,}?)s?(?!\p{L})/iu,
  },
];

const RUSSIAN_NUMBERS = new RegExp(
  `\\p{N}|${
    words(
      "ноль|нуля|ни одн\\p{L}+|один|одна|одно|одного|одной|одну|одним|дв[ае]|двух|двум\\p{L}?|двое|обе|оба|обоих|тр[ие]|тр[её]х|тр[её]м\\p{L}?|трое|четыр\\p{L}+",
      "пят[ьи]|пятью|шест[ьи]|сем[ьи]|вос[еь]м[ьи]|девят[ьи]|десят[ьи]|\\p{L}+надцат\\p{L}|двадцат\\p{L}|тридцат\\p{L}|сорок\\p{L}?|\\p{L}+десят\\p{L}?|девяност\\p{L}|ст[оа]|двести|триста|\\p{L}+ста|\\p{L}+сот",
      "десят\\p{L}+|сот\\p{L}+|тысяч\\p{L}*|миллион\\p{L}*|миллиард\\p{L}*|дюжин\\p{L}*|половин\\p{L}+|трет[ьи]|четверт[ьи]|дважды|трижды|несколько|нескольк\\p{L}+|много|многи\\p{L}|все|всех|единственн\\p{L}+",
    ).source
  }`,
  "iu",
);

const RUSSIAN: readonly AnswerKind[] = [
  {
    asks: /(?<!\p{L})как(?:ого|ой|их) (цвета|цвет|цветов)(?!\p{L})/iu,
    isIn: words(
      "(?:(?:т[её]мно|светло)-)?(?:ч[её]рн|бел|сер|серебрян|серебрист|золот|золотист|коричнев|бежев|красн|розов|оранжев|ж[её]лт|зел[её]н|бирюзов|голуб|син|фиолетов|пурпурн|багров|ал|прозрачн|бесцветн)(?:[ыио]й|[ая]я|[ое]е|[ыи]е|[ое]го|[ое]му?|ей|[ыи]ми?|[ыи]х|[ую]ю)",
    ),
  },
  {
    asks: /(?<!\p{L})как(?:ом|ой|ие|их) (году|год|годы|годах|веке|век|столетии|десятилетии)(?!\p{L})/iu,
    isIn: /(?<!\p{N})\p{N}{3,4}(?!\p{N})|(?<!\p{L})[IVX]+(?!\p{L})|век|столети|десятилети/iu,
  },
  {
    asks: /(?<!\p{L})как(?:ой|ая|ое|ую|ова|ово|ов) (?:был[ао]? )?(процент\p{L}*|дол[яю]|количество|число|численность)(?!\p{L})/iu,
    isIn: RUSSIAN_NUMBERS,
  },
  {
    asks: /(?<!\p{L})скольк(?:о|их|им|ими)(?!\p{L})()/iu,
    isIn: RUSSIAN_NUMBERS,
    counted: /(?<!\p{L})сколько (\p{L}{3,5})/iu,
  },
];

const CHINESE_NUMBERS = /[\p{N}零〇一二三四五六七八九十百千万亿两半]|没有|几|数|许多|所有/u;

const CHINESE: readonly AnswerKind[] = [
  { asks: /(?:什么|哪种|何种)(颜色)/u, isIn: /[黑白灰银金棕褐红粉橙黄绿青蓝紫]|透明|无色/u },
  {
    asks: /(?:哪一?个?|什么)(年代|年份|年(?!龄)|世纪)/u,
    isIn: /\p{N}{3,4}|[一二三四五六七八九〇零]{3,4}年|世纪|年代/u,
  },
  { asks: /(?:多少|几|百分之几)()/u, isIn: CHINESE_NUMBERS, counted: /(?:多少|几)(?:个不同的)?(\p{Script=Han})/u },
];

const ARABIC_NUMBERS = new RegExp(
  `\\p{N}|${
    words(
      "(?:و|ب|ل|ال|بال|وال)*(?:صفر|واحد\\p{L}*|[إا]حد[ىي]?|[اإ]ثن\\p{L}+|ثلاث\\p{L}*|[أا]ربع\\p{L}*|خمس\\p{L}*|ست\\p{L}{0,3}|سبع\\p{L}*|ثمان\\p{L}*|تسع\\p{L}*|عشر\\p{L}*|عشرات|م[ائ]+ة|مئات|[أا]لف\\p{L}*|آلاف|ملايين|مليون\\p{L}*|مليار\\p{L}*|نصف|ثلث\\p{L}*|ربع|كلا|كلتا|عدة|عديد\\p{L}*|كثير\\p{L}*|جميع|كل|مر[ةات]+|مرتين|مرتان)",
      // Two of something have a form of their own.
      "\\p{L}{3,}(?:ان|ين)",
    ).source
  }`,
  "iu",
);

const ARABIC: readonly AnswerKind[] = [
  {
    asks: /(?<!\p{L})(?:ما (?:هو )?)?[أا]ي (لون)(?!\p{L})|(?<!\p{L})ما (?:هو )?(لون)(?!\p{L})/u,
    isIn: /[أا]سود|سوداء|[أا]بيض|بيضاء|رمادي|فضي|ذهبي|بني|[أا]حمر|حمراء|وردي|برتقالي|[أا]صفر|صفراء|[أا]خضر|خضراء|فيروزي|[أا]زرق|زرقاء|بنفسجي|[أا]رجواني|شفاف/u,
  },
  { asks: /(?<!\p{L})[أا]ي (عام|سنة|قرن|عقد)(?!\p{L})/u, isIn: /(?<!\p{N})\p{N}{3,4}(?!\p{N})|قرن|عقد|يني?ات/u },
  { asks: /(?<!\p{L})ما (?:هي |هو )?(?:ال)?(نسبة|عدد|كمية)(?!\p{L})/u, isIn: ARABIC_NUMBERS },
  { asks: /(?<!\p{L})(?:و|ب)?كم(?![\p{L}\p{M}])()/u, isIn: ARABIC_NUMBERS },
];

export const ANSWER_KINDS: readonly AnswerKind[] = [...ENGLISH, ...RUSSIAN, ...CHINESE, ...ARABIC];
