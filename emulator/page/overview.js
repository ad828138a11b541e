import { apiKey, call, mailboxPath } from "./control.js";
import { element } from "./dom.js";
import { inWords } from "./fault-rule.js";
import { ask } from "./question.js";
import { showRows } from "./rows.js";

/** @typedef {import("../src/control/overview.js").Overview} Overview */

/**
 * @callback Act Sends a request, and says how it went.
 * @param {string} done said when it succeeds
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body] or a function that makes it from what the emulator has now; what that throws is said
 * @returns {Promise<boolean>} whether it succeeded
 */

/**
 * @callback Copy Copies a text, and says so.
 * @param {string} name of what is copied
 * @param {string | (() => Promise<string>)} text
 */

/** @param {Overview} overview @param {Act} act @param {Copy} copy */
export function showOverview({ applicationId, connectors, grants, mail, faults, requests }, act, copy) {
  showRows(element("client", HTMLTableElement), clientRows(applicationId, copy));
  showRows(
    element("grants", HTMLTableElement),
    grants.map((grant) => grantRow(grant, act, copy)),
  );
  showRows(element("connectors", HTMLTableElement), connectors.map(connectorRow));
  element("connect", HTMLElement).hidden = connectors.some(({ provider }) => provider === "imap");
  showRows(element("faults", HTMLTableElement), faultRows(faults, act, copy));
  showRows(element("requests", HTMLTableElement), requests.map(requestRow));
  for (const part of document.querySelectorAll("[data-needs=mail]")) part.toggleAttribute("hidden", mail === undefined);
  if (mail !== undefined) showMail(mail, copy);
}

/** The rules that the emulator has now, as they can be sent again: a test may have changed those that are shown. */
export async function presentRules() {
  /** @type {{ data: Overview["faults"] }} */
  const { data } = await call("GET", "/_emulator/faults");
  return data.map(withoutCounts);
}

/** @param {Overview["faults"][number]} fault */
function withoutCounts({ matched: _matched, fired: _fired, ...rule }) {
  return rule;
}

/** @param {string} applicationId @param {Copy} copy */
function clientRows(applicationId, copy) {
  /** @param {string} name @param {string} text @param {import("./rows.js").Cell} [shown] */
  const row = (name, text, shown = { text, look: CODE }) => {
    const action = { label: "Copy", about: name, run: () => copy(name, text) };
    return { key: name, cells: [{ text: name }, shown, { actions: [action] }] };
  };
  return [
    row("API URI", location.origin),
    row("API key", apiKey(), { text: "not shown" }),
    row("Application id", applicationId),
  ];
}

/** @param {Overview["grants"][number]} grant @param {Act} act @param {Copy} copy */
function grantRow({ id, email, grant_status: status, blocked }, act, copy) {
  /** @param {string} done @param {unknown} change */
  const change = (done, change) =>
    act(`The grant of ${email} is ${done}.`, "PATCH", `/_emulator/grants/${encodeURIComponent(id)}`, change);
  const expiry =
    status === "valid"
      ? { label: "Expire", isDangerous: true, run: () => change("invalid", { grant_status: "invalid" }) }
      : { label: "Make valid", run: () => change("valid", { grant_status: "valid" }) };
  const block = blocked
    ? { label: "Unblock", run: () => change("not blocked any more", { blocked: false }) }
    : { label: "Block", isDangerous: true, run: () => change("blocked", { blocked: true }) };
  const remove = async () => {
    const lost = `Delete the grant of ${email}? Its id never comes back: a later authentication makes another grant.`;
    if (await ask(lost, "Delete the grant")) {
      await act(`The grant of ${email} is deleted.`, "DELETE", `/v3/grants/${encodeURIComponent(id)}`);
    }
  };
  const actions = [
    { label: "Copy id", run: () => copy(`the id of the grant of ${email}`, id) },
    ...[expiry, block],
    { label: "Delete", isDangerous: true, run: remove },
  ];
  return {
    key: id,
    cells: [
      { text: email },
      { text: blocked ? `${status}, blocked` : status, look: status === "valid" && !blocked ? GOOD : BAD },
      { text: id, look: CODE },
      { actions: actions.map((action) => ({ ...action, about: email })) },
    ],
  };
}

const GOOD = /** @type {const} */ ("good");
const BAD = /** @type {const} */ ("bad");
const CODE = /** @type {const} */ ("code");

/** @param {Overview["connectors"][number]} connector */
function connectorRow({ provider, name = "" }) {
  return { key: provider, cells: [{ text: provider }, { text: name }] };
}

/** @param {Overview["faults"]} faults @param {Act} act @param {Copy} copy */
function faultRows(faults, act, copy) {
  /** @type {Map<string, number>} */
  const seen = new Map();
  return faults.map((fault) => {
    const text = JSON.stringify(withoutCounts(fault));
    const number = (seen.get(text) ?? 0) + 1;
    seen.set(text, number);
    // Equal rules are told apart by their number.
    return { key: `${text} ${number}`, cells: faultCells(fault, text, act, copy) };
  });
}

/** @param {Overview["faults"][number]} fault @param {string} text of its rule @param {Act} act @param {Copy} copy */
function faultCells(fault, text, act, copy) {
  const { fired, matched, method = "Any", path = "/v3/*", ...rest } = fault;
  const requests = `${method} ${path}`;
  const others = async () => {
    const rules = await presentRules();
    const index = rules.findIndex((rule) => JSON.stringify(rule) === text);
    if (index === -1) throw new Error("The fault is not there any more.");
    return rules.toSpliced(index, 1);
  };
  const actions = [
    { label: "Copy", run: () => copy(`the rule for ${requests}`, text) },
    {
      label: "Remove",
      isDangerous: true,
      run: () => act("The fault is removed.", "PUT", "/_emulator/faults", others),
    },
  ];
  return [
    { text: requests, look: CODE },
    { text: inWords(rest) },
    { text: `${fired} of ${matched}` },
    { actions: actions.map((action) => ({ ...action, about: requests })) },
  ];
}

/** @param {Overview["requests"][number]} request @param {number} index */
function requestRow({ time, method, path, query, status, durationMs }, index) {
  const search = String(new URLSearchParams(query));
  return {
    key: String(index),
    cells: [
      { text: new Date(time).toLocaleTimeString([], { hour12: false }) },
      { text: method, look: CODE },
      { text: search === "" ? path : `${path}?${search}`, look: CODE },
      { text: status === 0 ? "no answer" : String(status), look: status >= 200 && status < 400 ? GOOD : BAD },
      { text: `${durationMs} ms` },
    ],
  };
}

/** @param {NonNullable<Overview["mail"]>} mail @param {Copy} copy */
function showMail({ imap, imapStarttls, smtp, mailboxes }, copy) {
  showRows(
    element("mailboxes", HTMLTableElement),
    mailboxes.map(({ username, messages }) => {
      const run = () => copy(`the password of ${username}`, () => passwordOf(username));
      const actions = [{ label: "Copy password", about: username, run }];
      return { key: username, cells: [{ text: username }, { text: String(messages) }, { actions }] };
    }),
  );
  /** @param {string} server @param {string} security @param {{ host: string, port: number }} at */
  const serverRow = (server, security, { host, port }) => {
    const cells = [
      { text: server },
      { text: security },
      { text: host, look: CODE },
      { text: String(port), look: CODE },
    ];
    return { key: `${server} ${security}`, cells };
  };
  showRows(element("servers", HTMLTableElement), [
    serverRow("IMAP", "SSL/TLS", imap),
    serverRow("IMAP", "STARTTLS", imapStarttls),
    serverRow("SMTP", "SSL/TLS", smtp),
  ]);
  const choice = element("changed-mailbox", HTMLSelectElement);
  const names = mailboxes.map(({ username }) => username);
  // An open list that is filled anew would close.
  if ([...choice.options].map(({ value }) => value).join("\n") === names.join("\n")) return;
  const chosen = choice.value;
  choice.replaceChildren(...names.map((name) => new Option(name, name, false, name === chosen)));
}

/** Asked for when somebody wants it: the page holds no password. @param {string} username */
async function passwordOf(username) {
  /** @type {{ data: { password: string } }} */
  const { data } = await call("GET", mailboxPath(username));
  return data.password;
}
