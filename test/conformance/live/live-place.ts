import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { type Answer, fieldOf, textOf, typeOf } from "../../../emulator/test/register/answer.js";
import {
  authenticate,
  type Given,
  type Mailbox,
  NO_PROVIDER,
  NOBODY,
  type Place,
  type Request,
  type Server,
} from "../../../emulator/test/register/expectation.js";
import { ask } from "../../../emulator/test/register/http.js";
import type { LiveConfig } from "./live-config.js";

/** What may not be done to somebody's application, or cannot be tried there; the message says why. */
export class NotTried extends Error {}

const HAS_CONNECTOR = "the application has an IMAP connector already";
const HAS_GRANT = "the mailbox has a grant already";
const OTHERS = "somebody else's grant stands on the connector";
const TOO_MANY = "the application has more grants than can be looked through";
const NOT_OURS = "the suite changes only what it has made";

const NO_LOOK = "perhaps a grant of the mailbox: the look for it failed";
const UNKNOWN_MAKER = "whether this run has made it cannot be known";

const IMAP = "imap";
const DELETE_ATTEMPTS = 3;
/** The `state` of this suite's grants begins with it. */
const MARK = "expectations ";
const PAGE = 200;
const MAX_PAGES = 50;
/** RFC 2606: no such host will ever exist. */
const SILENT: Server = { host: "imap.invalid", port: 993 };
/** Nylas: a revoked token leaves its grant as it is. */
const HARMLESS_POSTS = ["/v3/connect/token", "/v3/connect/revoke", "/v3/providers/detect"];

interface ListedGrant {
  id: string;
  email: string;
  provider: string;
  state: string;
}

/** Nylas itself, or what answers in its place: looks before it writes, and writes to nothing that it has not made. */
export class LivePlace implements Place {
  readonly #config: LiveConfig;
  #before: { grants: readonly ListedGrant[]; connector: boolean } = { grants: [], connector: false };
  readonly #grants = new Set<string>();
  #connector = false;
  /** Answers to these never came: they may have taken effect. */
  readonly #unanswered = new Set<"connector" | "grant">();
  #free = 0;
  readonly silent = SILENT;
  readonly mark = MARK + randomUUID();
  applicationId = "";

  private constructor(config: LiveConfig) {
    this.#config = config;
  }

  /** Remembers what is there. */
  static async open(config: LiveConfig): Promise<LivePlace> {
    const place = new LivePlace(config);
    const application = await place.call("GET", "/v3/applications");
    if (application.status !== 200) throw new Error(`the key is of no use: ${inShort(application)}`);
    place.applicationId = textOf(application, "data.application_id");
    place.#before = { grants: await place.#list(), connector: await place.#hasConnector() };
    return place;
  }

  /** The mailbox's grant of a run that was interrupted. Only its user knows that the run is over, and may delete it. */
  get earlier(): string[] {
    const marked = this.#before.grants.filter(({ email, state }) => this.#isMailbox(email) && state.startsWith(MARK));
    return marked.map(({ id }) => `grant ${id}: DELETE ${this.#config.apiUri}/v3/grants/${id}`);
  }

  get apiKey(): string {
    return this.#config.apiKey;
  }

  get mailbox(): Mailbox {
    return this.#config.mailbox;
  }

  get grantId(): string {
    return [...this.#grants].at(-1) ?? "";
  }

  /** Makes what is missing; `NotTried` where that would touch what is somebody else's. */
  async prepare(given: Given): Promise<void> {
    if (given === "anything") return;
    if (given === "no connector") {
      if (await this.#hasConnector()) throw new NotTried(HAS_CONNECTOR);
      return;
    }
    if (given === "connector and grant" && this.#before.connector) throw new NotTried(HAS_CONNECTOR);
    await this.#needConnector();
    if (given !== "connector") await this.#needGrant();
  }

  readonly call = async (method: string, path: string, request: Request = {}): Promise<Answer> => {
    const makes = await this.#permit(method, path, request);
    const wait = this.#free - Date.now();
    if (wait > 0) await pause(wait);
    this.#free = Date.now() + this.#config.gapMs;
    if (makes !== undefined) this.#unanswered.add(makes);
    const answer = await ask(this.#config.apiUri, this.apiKey, method, path, request);
    // Of a 5xx nobody knows whether the work was done.
    if (makes !== undefined && answer.status < 500) this.#unanswered.delete(makes);
    if (answer.status < 300) this.#remember(method, path, answer);
    return answer;
  };

  readonly control = (): Promise<void> => Promise.reject(new NotTried("only an emulator has a control interface"));

  /** Deletes what was made; returns in words what may be left. */
  async cleanUp(): Promise<string[]> {
    const left: string[] = [];
    if (this.#unanswered.has("grant")) left.push(...(await this.#findLostGrant().catch(() => [NO_LOOK])));
    for (const id of [...this.#grants]) {
      const why = await this.#delete(`/v3/grants/${id}`);
      if (why !== undefined) left.push(`grant ${id}: ${why}`);
      else this.#grants.delete(id);
    }
    if (this.#connector) {
      const why = await this.#delete(`/v3/connectors/${IMAP}`);
      if (why !== undefined) left.push(`the IMAP connector: ${why}`);
    } else if (this.#unanswered.has("connector") && !this.#before.connector && (await this.#hasConnector())) {
      left.push(`the IMAP connector: ${UNKNOWN_MAKER}`);
    }
    return left;
  }

  /** Undefined when it is gone; otherwise why not. */
  async #delete(path: string): Promise<string | undefined> {
    let why = "";
    for (let attempt = 0; attempt < DELETE_ATTEMPTS; attempt++) {
      try {
        const answer = await this.call("DELETE", path);
        if (answer.status === 200 || answer.status === 404) return undefined;
        why = inShort(answer);
      } catch (error) {
        if (error instanceof NotTried) return error.message;
        why = "no answer";
      }
    }
    return why;
  }

  /** Whether the request may be sent, and what it may make. */
  async #permit(method: string, path: string, { json }: Request): Promise<"connector" | "grant" | undefined> {
    if (method === "GET" || HARMLESS_POSTS.includes(path.split("?")[0] ?? "")) return undefined;
    const [, , kind, name = ""] = path.split("/");
    if (name === NOBODY || name === NO_PROVIDER) return undefined;
    if (method === "POST" && kind === "connectors") {
      const provider = wordOf(json, "provider") ?? NO_PROVIDER;
      if (provider === NO_PROVIDER) return undefined;
      if (provider !== IMAP) throw new NotTried(NOT_OURS);
      if (!this.#connector && (await this.#hasConnector())) throw new NotTried(HAS_CONNECTOR);
      return "connector";
    }
    if (method === "POST" && kind === "connect") {
      if (wordOf(fieldOfObject(json, "settings"), "imap_username") === undefined) return undefined;
      if (this.#grants.size === 0) await this.#needFreeMailbox();
      return "grant";
    }
    if (kind === "grants" && this.#grants.has(name)) return undefined;
    if (kind === "connectors" && name === IMAP && this.#connector) {
      const others = method === "DELETE" ? (await this.#list()).filter(({ id }) => !this.#grants.has(id)) : [];
      if (others.some(({ provider }) => provider === IMAP)) throw new NotTried(OTHERS);
      return undefined;
    }
    throw new NotTried(kind === "connectors" && this.#before.connector ? HAS_CONNECTOR : NOT_OURS);
  }

  #remember(method: string, path: string, answer: Answer): void {
    const id = textOf(answer, "data.id");
    if (method === "POST" && path === "/v3/connectors") this.#connector ||= textOf(answer, "data.provider") === IMAP;
    if (method === "POST" && path === "/v3/connect/custom") {
      if (this.#before.grants.some((grant) => grant.id === id)) throw new Error(`the grant ${id} was there before`);
      if (id !== "") this.#grants.add(id);
    }
    if (method === "DELETE" && path === `/v3/connectors/${IMAP}`) this.#connector = false;
    if (method === "DELETE" && path.startsWith("/v3/grants/")) this.#grants.delete(path.slice("/v3/grants/".length));
  }

  async #needConnector(): Promise<void> {
    if (this.#before.connector || this.#connector) return;
    const answer = await this.call("POST", "/v3/connectors", { json: { provider: IMAP } });
    if (!this.#connector) throw new NotTried(`no connector could be made: ${inShort(answer)}`);
  }

  async #needGrant(): Promise<void> {
    if (this.#grants.size > 0) return;
    const answer = await authenticate(this);
    if (this.#grants.size === 0) throw new NotTried(`no grant could be made: ${inShort(answer)}`);
  }

  async #needFreeMailbox(): Promise<void> {
    const grants = [...this.#before.grants, ...(await this.#list())];
    if (grants.some(({ email }) => this.#isMailbox(email))) throw new NotTried(HAS_GRANT);
  }

  #isMailbox(email: string): boolean {
    return email.toLowerCase() === this.mailbox.username.toLowerCase();
  }

  /** Its own mark tells a grant of this run from somebody else's. */
  async #findLostGrant(): Promise<string[]> {
    const left: string[] = [];
    const known = new Set([...this.#before.grants.map(({ id }) => id), ...this.#grants]);
    for (const { id, email } of await this.#list()) {
      if (known.has(id) || !this.#isMailbox(email)) continue;
      const state = textOf(await this.call("GET", `/v3/grants/${id}`), "data.state");
      if (state === this.mark) this.#grants.add(id);
      else left.push(`grant ${id}: ${UNKNOWN_MAKER}`);
    }
    return left;
  }

  async #hasConnector(): Promise<boolean> {
    const answer = await this.call("GET", `/v3/connectors/${IMAP}`);
    if (answer.status !== 200 && answer.status !== 404) throw new Error(`no look at connectors: ${inShort(answer)}`);
    return answer.status === 200;
  }

  /** All grants, unfiltered: filtered lists may lag. */
  async #list(): Promise<ListedGrant[]> {
    const grants: ListedGrant[] = [];
    for (let page = 0; page < MAX_PAGES; page++) {
      const answer = await this.call("GET", `/v3/grants?limit=${PAGE}&offset=${page * PAGE}`);
      const data = fieldOf(answer, "data");
      if (answer.status !== 200 || !Array.isArray(data)) throw new Error(`no look at grants: ${inShort(answer)}`);
      for (const item of data) {
        const of = (name: string): string => wordOf(item, name) ?? "";
        grants.push({ id: of("id"), email: of("email"), provider: of("provider"), state: of("state") });
      }
      if (data.length < PAGE) return grants;
    }
    throw new NotTried(TOO_MANY);
  }
}

/** An answer without anything of its text. */
function inShort(answer: Answer): string {
  return `${answer.status} ${typeOf(answer) ?? ""}`.trim();
}

function wordOf(value: unknown, name: string): string | undefined {
  const word = fieldOfObject(value, name);
  return typeof word === "string" ? word : undefined;
}

function fieldOfObject(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
