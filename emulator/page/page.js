import { apiKey, CallError, call, forgetKey, mailboxPath, takeKeyFromAddress, useKey } from "./control.js";
import { copy } from "./copy.js";
import { element, onPress, setText } from "./dom.js";
import { ruleOf } from "./fault-rule.js";
import { presentRules, showOverview } from "./overview.js";
import { ask, listenForAnswers } from "./question.js";

/** @typedef {import("../src/control/overview.js").Overview} Overview */

/** Between two looks at the emulator, in milliseconds. */
const POLL_MS = 1_000;
/** Longest time for a look, in milliseconds. */
const LOOK_LIMIT_MS = 5_000;
const UNAUTHORIZED = 401;
const NOT_FOUND = 404;
const OWN_ADDRESS = `${location.origin}${location.pathname}`;

const unlock = element("unlock", HTMLFormElement);
const unlocked = element("unlocked", HTMLElement);
const pause = element("pause", HTMLButtonElement);
const hosted = element("hosted", HTMLFormElement);
const hostedLink = element("hosted-link", HTMLAnchorElement);

/** @type {Overview | undefined} */
let shown;
let looks = 0;
/** The number of the look that is shown: an earlier one that is answered later is not. */
let shownLook = 0;
let looksUnderWay = 0;
let paused = false;

takeKeyFromAddress();
addEventListener("hashchange", () => {
  takeKeyFromAddress();
  look();
});
document.addEventListener("visibilitychange", lookWhenSeen);
listen();
await look();
await finishLogin();
setInterval(lookWhenSeen, POLL_MS);

function lookWhenSeen() {
  if (!document.hidden && !paused && looksUnderWay === 0) look();
}

/** Asks the emulator, and shows what it answers. */
async function look() {
  const key = apiKey();
  if (key === "") return showLocked();
  looks += 1;
  const own = looks;
  const isNews = () => own >= shownLook && key === apiKey();
  looksUnderWay += 1;
  try {
    /** @type {{ data: Overview }} */
    const { data } = await call("GET", "/_emulator/overview", undefined, AbortSignal.timeout(LOOK_LIMIT_MS));
    if (!isNews()) return;
    shownLook = own;
    show(data);
  } catch (error) {
    if (!isNews()) return;
    shownLook = own;
    if (!(error instanceof CallError) || error.status !== UNAUTHORIZED) return showState(messageOf(error), "bad");
    forgetKey();
    showLocked();
    say("The emulator refused the API key.", "bad");
  } finally {
    looksUnderWay -= 1;
  }
}

/** @param {Overview} overview */
function show(overview) {
  shown = overview;
  unlock.hidden = true;
  unlocked.hidden = false;
  pause.hidden = false;
  showState(paused ? "Paused" : "Live", paused ? "" : "good");
  showOverview(overview, act, copyAndSay);
  showHostedLink();
}

function showLocked() {
  unlock.hidden = false;
  unlocked.hidden = true;
  pause.hidden = true;
  showState("Locked", "");
}

/** @param {string} text @param {"good" | "bad" | ""} look */
function showState(text, look) {
  const state = element("state", HTMLElement);
  setText(state, text);
  state.className = look;
}

function listen() {
  listenForAnswers();
  pause.addEventListener("click", () => {
    paused = !paused;
    pause.ariaPressed = String(paused);
    look();
  });
  onSubmit(unlock, async ({ key = "" }) => {
    say("", "good");
    useKey(key);
    await look();
    return true;
  });
  onSubmit(element("add-mailbox", HTMLFormElement), ({ username = "", password }) => {
    return act(`The mailbox ${username} is made.`, "PUT", mailboxPath(username), async () => {
      // The same request changes the password of a mailbox that exists.
      if (await isMailbox(username)) throw new Error(`There is a mailbox ${username} already.`);
      return { password };
    });
  });
  onSubmit(element("change-password", HTMLFormElement), ({ username = "", password }) => {
    return act(`The password of ${username} is changed.`, "PUT", mailboxPath(username), { password });
  });
  const faultForm = element("set-fault", HTMLFormElement);
  const connection = element("fault-connection", HTMLSelectElement);
  faultForm.addEventListener("input", () => {
    // A connection that is reset carries no answer.
    element("fault-answer", HTMLFieldSetElement).disabled = connection.value === "reset";
  });
  onSubmit(faultForm, (fields) => {
    return act("The fault is set.", "PUT", "/_emulator/faults", async () => [
      ...(await presentRules()),
      ruleOf(fields),
    ]);
  });
  onPress(element("connect", HTMLElement), () =>
    act("The IMAP connector is made.", "POST", "/v3/connectors", { provider: "imap" }),
  );
  onPress(element("empty-log", HTMLElement), async () => {
    const lost = "Empty the log? A test that is running may still want to read it.";
    if (await ask(lost, "Empty the log")) await act("The log is empty.", "DELETE", "/_emulator/requests");
  });
  element("redirect-uri", HTMLInputElement).defaultValue = OWN_ADDRESS;
  hosted.addEventListener("input", showHostedLink);
  onSubmit(hosted, async () => {
    hostedLink.click();
    return false;
  });
}

/**
 * Empties the form when what it asks for succeeds.
 * @param {HTMLFormElement} form
 * @param {(fields: Record<string, string>) => Promise<boolean>} send
 */
function onSubmit(form, send) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!(await send(fieldsOf(form)))) return;
    form.reset();
    form.dispatchEvent(new Event("input"));
  });
}

/** @param {HTMLFormElement} form @returns {Record<string, string>} */
function fieldsOf(form) {
  return Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)]));
}

function showHostedLink() {
  const query = { client_id: shown?.applicationId ?? "", response_type: "code", provider: "imap", ...fieldsOf(hosted) };
  hostedLink.href = `/v3/connect/auth?${new URLSearchParams(query)}`;
}

/** @type {import("./overview.js").Copy} */
async function copyAndSay(name, text) {
  say("", "good");
  try {
    await copy(typeof text === "string" ? text : await text());
    say(`Copied: ${name}.`, "good");
  } catch (error) {
    say(messageOf(error), "bad");
  }
}

/** @type {import("./overview.js").Act} */
async function act(done, method, path, body) {
  say("", "good");
  try {
    await call(method, path, typeof body === "function" ? await body() : body);
    say(done, "good");
    return true;
  } catch (error) {
    say(messageOf(error), "bad");
    return false;
  } finally {
    await look();
  }
}

/** @param {string} username */
async function isMailbox(username) {
  try {
    await call("GET", mailboxPath(username));
    return true;
  } catch (error) {
    if (error instanceof CallError && error.status === NOT_FOUND) return false;
    throw error;
  }
}

/** Exchanges the code that a hosted log-in has brought here. */
async function finishLogin() {
  const query = new URLSearchParams(location.search);
  const [code, problem] = [query.get("code"), query.get("error_type") ?? query.get("error")];
  if (problem !== null) say(`The log-in failed: ${problem}.`, "bad");
  if (code === null && problem === null) return;
  history.replaceState(null, "", location.pathname);
  if (code === null) return;
  try {
    /** @type {{ email: string, grant_id: string }} */
    const { email, grant_id: id } = await call("POST", "/v3/connect/token", {
      grant_type: "authorization_code",
      client_id: shown?.applicationId,
      client_secret: apiKey(),
      redirect_uri: OWN_ADDRESS,
      code,
    });
    say(`The log-in succeeded: ${email} has the grant ${id}.`, "good");
  } catch (error) {
    say(messageOf(error), "bad");
  }
  await look();
}

/** @param {string} text @param {"good" | "bad"} look */
function say(text, look) {
  const outcome = element("outcome", HTMLElement);
  setText(outcome, text);
  outcome.className = `notice ${look}`;
}

/** @param {unknown} error */
function messageOf(error) {
  return error instanceof Error ? error.message : String(error);
}
