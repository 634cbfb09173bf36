import * as z from "zod";

/** A password that is being chosen. Length is the rule; no composition rules (NIST SP 800-63B). */
export const NewPassword = z
  .string()
  .min(8)
  .max(128)
  .normalize("NFC")
  .meta({ example: "correct horse battery staple" });

/** A password that is being checked: any text that could have been chosen. */
export const GivenPassword = z.string().min(1).max(128).normalize("NFC");

/** Why a password is too easy to guess, or null. `known` is what anyone knows of its owner: address, names. */
export function passwordFault(password: string, known: readonly (string | undefined)[]): string | null {
  const guess = password.toLowerCase();
  if (COMMON.has(guess)) return "is among the most common passwords";
  if (new Set(guess).size < 3) return "repeats the same characters";
  const names = known.flatMap((name) => (name === undefined ? [] : [name, name.split("@")[0]]));
  return names.some((name) => name?.toLowerCase() === guess) ? "is the name or e-mail address of its owner" : null;
}

// The heads of the published lists of leaked passwords, cut to those of eight characters or more.
const COMMON: ReadonlySet<string> = new Set(
  `
  12345678 123456789 1234567890 12345678910 87654321 987654321 0123456789 123123123 1q2w3e4r 1q2w3e4r5t 1qaz2wsx
  password password1 password12 password123 password1234 password! passw0rd p@ssword p@ssw0rd pa55word mypassword
  qwertyui qwertyuiop qwerty12 qwerty123 qwerty1234 asdfghjkl asdfasdf zxcvbnm1 zaq12wsx qazwsxedc
  iloveyou iloveyou1 sunshine sunshine1 princess princess1 football football1 baseball baseball1 basketball superman
  superman1 batman123 trustno1 whatever welcome1 welcome123 letmein1 letmein123 admin123 administrator abcd1234
  abc12345 a1b2c3d4 aa123456 starwars computer internet michelle jennifer charlie1 dragon123 monkey123 master123
  changeme changeme1 test1234 testtest secret123 default1 samsung1 google123 liverpool chocolate butterfly
  `
    .trim()
    .split(/\s+/),
);
