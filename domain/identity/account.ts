import * as z from "zod";
import { Email } from "./email.ts";
import { GivenPassword, NewPassword } from "./password.ts";

// A token that travelled by mail: any text, so that a wrong one is refused as wrong and not as malformed.
const MailedToken = z.string().min(1).max(512);

export const EmailVerification = z.strictObject({ token: MailedToken }).meta({ id: "EmailVerification" });

export const Restoration = z.strictObject({ token: MailedToken }).meta({ id: "Restoration" });

export const PasswordChange = z
  .strictObject({ currentPassword: GivenPassword, newPassword: NewPassword })
  .meta({ id: "PasswordChange" });
export type PasswordChange = z.infer<typeof PasswordChange>;

export const ForgottenPassword = z.strictObject({ email: Email }).meta({ id: "ForgottenPassword" });

export const PasswordReset = z
  .strictObject({ token: MailedToken, newPassword: NewPassword })
  .meta({ id: "PasswordReset" });
export type PasswordReset = z.infer<typeof PasswordReset>;
