import { routes } from "../operation.ts";

export const mailLinks = routes();

const LINKS = [
  {
    path: "/verify-email",
    id: "getVerifyEmailPage",
    name: "verify-email",
    summary: "Where the mail that confirms an address leads",
  },
  {
    path: "/reset-password",
    id: "getResetPasswordPage",
    name: "reset-password",
    summary: "Where the mail about a new password leads",
  },
  { path: "/restore", id: "getRestorePage", name: "restore", summary: "Where the mail about a deletion leads" },
  { path: "/invitations/accept", id: "getInvitationPage", name: "invitation", summary: "Where an invitation leads" },
] as const;

for (const { name, ...link } of LINKS) {
  mailLinks.add(
    { method: "get", ...link, tag: "Identity", access: "public", returns: { 200: null } },
    async ({ ctx }) => {
      const { mailPage } = await import("../mail-pages.ts");
      return mailPage(name, Buffer.from(ctx.random.bytes(18)).toString("base64"));
    },
  );
}
