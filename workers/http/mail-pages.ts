import { html, raw } from "hono/html";
import { page } from "./pages.ts";

// Where the links in mails lead, until a console takes them over.
//   M1  opening a link changes nothing, since scanners of mail open every link: a person presses a button.
//   M2  the page is the same for every token: what is in the address is read by the page's script alone, and sent nowhere else.

export type MailPage = keyof typeof PAGES;

const PAGES = {
  "verify-email": {
    title: "Confirm your e-mail address",
    text: "Press the button, and the address that this mail was sent to is yours here.",
    button: "Confirm the address",
    done: "The address is confirmed. You can close this page.",
    fields: html``,
  },
  "reset-password": {
    title: "Choose a new password",
    text: "At least 8 characters; a sentence is better than a word. Every session ends when it is changed.",
    button: "Change the password",
    done: "The password is changed. Sign in with the new one.",
    fields: field({ id: "newPassword", label: "New password", type: "password", autocomplete: "new-password" }),
  },
  restore: {
    title: "Bring it back",
    text: "Press the button to bring back what was deleted. Keys stay revoked, and everybody signs in anew.",
    button: "Bring it back",
    done: "It is back. Sign in as before.",
    fields: html``,
  },
  invitation: {
    title: "Accept the invitation",
    text: "Sign in with the address that was invited. Without an account yet, make one: its address is confirmed by another mail, and then you come back here.",
    button: "Sign in and accept",
    done: "You are a member now.",
    fields: html`${field({ id: "email", label: "E-mail address", type: "email", autocomplete: "username" })}
${field({ id: "password", label: "Password", type: "password", autocomplete: "current-password" })}
<div id="second" hidden>${field({ id: "code", label: "One-time code", type: "text", autocomplete: "one-time-code" })}</div>
<label class="choice"><input type="checkbox" id="isNew"> I have no account yet</label>`,
  },
};

/** The page of a mailed link. `nonce` lets its own script run, and no other. */
export async function mailPage(name: MailPage, nonce: string): Promise<Response> {
  const { title, text, button, done, fields } = PAGES[name];
  const response = await page(
    `${title} - Weft`,
    html`${STYLE}<main class="narrow"><h1>${title}</h1><p>${text}</p>
<form data-page="${name}" data-done="${done}">${fields}
<button type="submit">${button}</button></form>
<p id="said" role="status" aria-live="polite"></p>
<noscript><p>This page needs JavaScript to send the link's token. The API takes it, too: <a href="/docs">/docs</a>.</p></noscript>
</main><script nonce="${nonce}">${SCRIPT}</script>`,
  );
  response.headers.set(
    "content-security-policy",
    `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  );
  response.headers.set("cache-control", "no-store");
  return response;
}

function field({ id, label, type, autocomplete }: Record<"id" | "label" | "type" | "autocomplete", string>) {
  return html`<label for="${id}">${label}</label><input id="${id}" name="${id}" type="${type}" autocomplete="${autocomplete}" required>`;
}

const STYLE = raw(`<style>
.narrow { max-width: 30rem; } form { margin: 1.5rem 0 1rem; } label { display: block; font-weight: 600; margin: 1rem 0 .3rem; }
.choice { font-weight: 400; } input:not([type=checkbox]) { width: 100%; padding: .6rem .7rem; font: inherit; color: inherit;
  background: var(--card); border: 1px solid var(--soft); border-radius: .5rem; }
button { margin-top: 1.25rem; padding: .65rem 1.1rem; font: 600 1em system-ui, sans-serif; border: 0; border-radius: .5rem;
  background: var(--accent); color: light-dark(#fff, #16181d); cursor: pointer; } button:disabled { opacity: .55; cursor: progress; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; } #said { min-height: 1.6em; color: var(--ink); }
#said.failed { color: light-dark(#b42318, #fda29b); }
</style>`);

const SCRIPT = raw(`
const form = document.querySelector("form"), said = document.getElementById("said"), button = form.querySelector("button");
const token = new URLSearchParams(location.search).get("token") ?? "";
const value = (id) => document.getElementById(id).value;
let challenge = null;
const named = (id) => id === "token" ? "This link" : document.querySelector("label[for=" + id + "]")?.textContent ?? id;
async function post(path, body, accessToken) {
  const headers = { "content-type": "application/json", ...(accessToken && { authorization: "Bearer " + accessToken }) };
  const response = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
  const answer = response.status === 204 ? {} : await response.json();
  if (response.ok) return answer;
  const about = (answer.errors ?? []).map(({ pointer, detail }) => named(pointer.slice(1)) + ": " + detail).join(" ");
  throw Object.assign(new Error(about || answer.detail || "Something went wrong."), { answer });
}
async function signedIn() {
  if (challenge !== null) return post("/v1/auth/second-factor", { challenge, code: value("code") });
  const who = { email: value("email"), password: value("password") };
  if (!document.getElementById("isNew").checked) return post("/v1/auth/login", who);
  const made = await post("/v1/auth/register", who);
  document.getElementById("isNew").checked = false;
  return made;
}
const acts = {
  "verify-email": () => post("/v1/auth/verify-email", { token }),
  "reset-password": () => post("/v1/auth/password/reset", { token, newPassword: value("newPassword") }),
  "restore": () => post("/v1/auth/restore", { token }),
  "invitation": async () => {
    const { accessToken } = await signedIn();
    const joined = await post("/v1/invitations/accept", { token }, accessToken);
    return { said: "You are a member of " + joined.name + " now." };
  },
};
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  button.disabled = true;
  said.className = said.textContent = "";
  try {
    const done = await acts[form.dataset.page]();
    form.hidden = true;
    said.textContent = done.said ?? form.dataset.done;
  } catch (error) {
    said.className = "failed";
    said.textContent = error.message;
    const { code } = error.answer ?? {};
    if (code === "second-factor-required") {
      challenge = error.answer.challenge;
      document.getElementById("second").hidden = false;
      document.getElementById("code").focus();
      said.textContent = "Enter the code of your authenticator app, or a recovery code.";
    }
    else challenge = null;
    if (code === "email-not-verified") said.textContent = "Open the link in the mail that confirms your address, then press the button again.";
  } finally {
    button.disabled = false;
  }
});
`);
