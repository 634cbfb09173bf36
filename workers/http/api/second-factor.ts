import {
  RecoveryCodes,
  SecondFactor,
  SecondFactorAnswer,
  SecondFactorCode,
  SecondFactorEnrolment,
  SecondFactorStart,
} from "../../../domain/identity/second-factor.ts";
import { SignedIn } from "../../../domain/identity/user.ts";
import {
  confirmSecondFactor,
  disableSecondFactor,
  enrolSecondFactor,
  getSecondFactor,
} from "../../../services/identity/second-factor.ts";
import { answerSecondFactor } from "../../../services/identity/second-factor-challenge.ts";
import { noContent, reply, routes } from "../operation.ts";

export const secondFactor = routes();
const tag = "Identity";

secondFactor.add(
  {
    method: "post",
    path: "/v1/auth/second-factor",
    id: "answerSecondFactor",
    tag,
    summary: "Finish signing in with a one-time code or a recovery code",
    access: "public",
    body: SecondFactorAnswer,
    returns: { 200: SignedIn },
    problems: ["unauthenticated", "rate-limited"],
  },
  async ({ ctx, body }) => reply(200, await answerSecondFactor(ctx, body)),
);

secondFactor.add(
  {
    method: "get",
    path: "/v1/auth/second-factor",
    id: "getSecondFactor",
    tag,
    summary: "Whether signing in asks for a code",
    access: "signed-in",
    returns: { 200: SecondFactor },
  },
  async ({ ctx }) => reply(200, await getSecondFactor(ctx)),
);

secondFactor.add(
  {
    method: "post",
    path: "/v1/auth/second-factor/enrol",
    id: "enrolSecondFactor",
    tag,
    summary: "A secret for an authenticator app, in force once a code confirmed it",
    access: "signed-in",
    body: SecondFactorStart,
    returns: { 201: SecondFactorEnrolment },
    problems: ["conflict", "rate-limited"],
  },
  async ({ ctx, body }) => reply(201, await enrolSecondFactor(ctx, body.password)),
);

secondFactor.add(
  {
    method: "post",
    path: "/v1/auth/second-factor/confirm",
    id: "confirmSecondFactor",
    tag,
    summary: "Put the second factor in force; answers the recovery codes, once",
    access: "signed-in",
    body: SecondFactorCode,
    returns: { 200: RecoveryCodes },
    problems: ["conflict", "rate-limited"],
  },
  async ({ ctx, body }) => reply(200, await confirmSecondFactor(ctx, body.code)),
);

secondFactor.add(
  {
    method: "post",
    path: "/v1/auth/second-factor/disable",
    id: "disableSecondFactor",
    tag,
    summary: "Take the second factor away; needs a code",
    access: "signed-in",
    body: SecondFactorCode,
    returns: { 204: null },
    problems: ["rate-limited"],
  },
  async ({ ctx, body }) => {
    await disableSecondFactor(ctx, body.code);
    return noContent();
  },
);
