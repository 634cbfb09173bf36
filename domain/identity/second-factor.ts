import * as z from "zod";
import { GivenPassword } from "./password.ts";
import { base32 } from "./totp.ts";

export const SecondFactorReset = z
  .strictObject({ reason: z.string().trim().min(1).max(500) })
  .meta({ id: "SecondFactorReset" });

export const RECOVERY_CODES = 10;
const RECOVERY_BYTES = 10;

const Code = z
  .string()
  .trim()
  .min(6)
  .max(32)
  .meta({ description: "Six digits from the app, or a recovery code", example: "492039" });

export const SecondFactor = z
  .object({
    enabled: z.boolean(),
    recoveryCodesLeft: z.int(),
  })
  .meta({ id: "SecondFactor", description: "Whether signing in asks for a one-time code (RFC 6238)" });
export type SecondFactor = z.infer<typeof SecondFactor>;

export const SecondFactorEnrolment = z
  .object({
    secret: z.string().meta({ description: "Base32, for typing" }),
    otpauthUrl: z.string().meta({ description: "For a QR code" }),
  })
  .meta({ id: "SecondFactorEnrolment", description: "Shown once; in force once a code confirmed it" });
export type SecondFactorEnrolment = z.infer<typeof SecondFactorEnrolment>;

export const SecondFactorStart = z.strictObject({ password: GivenPassword }).meta({ id: "SecondFactorStart" });
export const SecondFactorCode = z.strictObject({ code: Code }).meta({ id: "SecondFactorCode" });

export const RecoveryCodes = z
  .object({ recoveryCodes: z.array(z.string()).meta({ description: "Each signs in once; shown this once" }) })
  .meta({ id: "RecoveryCodes" });
export type RecoveryCodes = z.infer<typeof RecoveryCodes>;

export const SecondFactorAnswer = z
  .strictObject({
    challenge: z.string().min(1).max(128).meta({ description: "From the problem `second-factor-required`" }),
    code: Code,
  })
  .meta({ id: "SecondFactorAnswer" });
export type SecondFactorAnswer = z.infer<typeof SecondFactorAnswer>;

/** A recovery code: 80 bits of chance, in groups that a person can copy. */
export function newRecoveryCode(randomBytes: (count: number) => Uint8Array): string {
  const text = base32(randomBytes(RECOVERY_BYTES)).toLowerCase();
  return (text.match(/.{4}/g) ?? []).join("-");
}

/** As it is compared: people leave out dashes and type capitals. */
export function plainRecoveryCode(code: string): string {
  return code.toLowerCase().replaceAll(/[\s-]/g, "");
}
