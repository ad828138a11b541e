import { ownerDigest } from "../../provider/src/core/ownership/marker.js";
import type { HostName } from "../support/programs.js";
import type { Declared, Kind } from "./engine-model.js";

/** The project of both stacks. */
export const PROJECT = "walk";

/** Mailboxes of the mail server. */
export const ADDRESSES = 8;

/** `a` declares the connector, `b` refers to it until it has a copy of `a`'s state. */
export type StackName = "a" | "b";
export const STACKS = ["a", "b"] as const;

export type Host = "127.0.0.1" | "localhost";

/** A mailbox as one of the programs declares it. */
export interface Mailbox {
  stack: StackName;
  name: string;
  aliases: string[];
  address: number;
  password: string;
  /** Whether the provider reads the password from an environment variable, instead of the program giving it. */
  byReference: boolean;
  host: Host;
  onExisting: "fail" | "adopt";
  deleteAdopted: boolean;
  credentialVersion: number;
  /** Whether a transformation gives it `replaceOnChanges: ["*"]`. */
  replaceOnChanges: boolean;
}

export interface Endpoints {
  imapPort: number;
  smtpPort: number;
}

/** The input of a walk: the two programs and the passwords, without any results. */
export class Declarations {
  mailboxes: Mailbox[] = [];
  /** Current names of the stacks. */
  readonly #labels: Record<StackName, string> = { a: "a", b: "b" };
  /** Passwords at the mail server, by address. */
  readonly passwords = Array.from({ length: ADDRESSES }, (_, address) => passwordOf(address, 0));
  /** The stacks whose programs declare the connector, and what they do with one that exists. */
  readonly connectors = new Map<StackName, Mailbox["onExisting"]>([["a", "fail"]]);
  #serial = 0;

  constructor(readonly host: HostName) {}

  /** Returns a number that is unique in this walk. */
  next(): number {
    this.#serial += 1;
    return this.#serial;
  }

  /** `pulumi stack rename`; with `reuse`, the other stack gets the name that became free. */
  renameStack(stack: StackName, reuse: boolean): void {
    const free = this.#labels[stack];
    this.#labels[stack] = `${stack}-${this.next()}`;
    if (reuse) this.#labels[stack === "a" ? "b" : "a"] = free;
  }

  /** Gives `b` the program of `a`, as for a copy of its state. */
  copyProgram(): void {
    const copies = this.of("a").map((mailbox): Mailbox => ({ ...mailbox, stack: "b", aliases: [...mailbox.aliases] }));
    this.mailboxes = [...this.of("a"), ...copies];
    this.connectors.set("b", "fail");
  }

  /** The stack's current name. */
  label(stack: StackName): string {
    return this.#labels[stack];
  }

  owner(stack: StackName, kind: Kind, name: string): string {
    return ownerOf(this.#labels[stack], kind, name);
  }

  declares(stack: StackName, address: number): boolean {
    return this.mailboxes.some((mailbox) => mailbox.stack === stack && mailbox.address === address);
  }

  of(stack: StackName): Mailbox[] {
    return this.mailboxes.filter((mailbox) => mailbox.stack === stack);
  }

  password(address: number): string {
    return this.passwords[address] ?? "";
  }

  /** Returns an unused resource name for the address. After a removal, the name is reused. */
  freeName(stack: StackName, address: number): string {
    return this.hasName(stack, `m${address}`) ? `m${address}-${this.next()}` : `m${address}`;
  }

  /** Whether a mailbox of the stack has the name, or had it: a program cannot declare two resources of one name. */
  hasName(stack: StackName, wanted: string): boolean {
    return this.of(stack).some(({ name, aliases }) => [name, ...aliases].includes(wanted));
  }

  program(stack: StackName, endpoints: Endpoints): Declared[] {
    const owner = (kind: Kind, name: string) => this.owner(stack, kind, name);
    const digest = ownerDigest(["organization", PROJECT, this.#labels[stack]]);
    const connector: Declared = {
      kind: "connector",
      name: "imap",
      args: { onExisting: this.connectors.get(stack), owner: owner("connector", "imap"), stack: digest },
      aliases: [],
      replaceOnChanges: false,
      createsFirst: this.host === "native",
    };
    const grants = this.of(stack).map((mailbox): Declared => {
      const { name, aliases, address, password, byReference, host, onExisting, deleteAdopted, credentialVersion } =
        mailbox;
      const { replaceOnChanges } = mailbox;
      const args = {
        connector: "imap",
        imapUsername: addressOf(address),
        ...(byReference ? { imapPasswordFrom: { env: provide(stack, name, password) } } : { imapPassword: password }),
        imapHost: host,
        imapPort: endpoints.imapPort,
        smtpHost: host,
        smtpPort: endpoints.smtpPort,
        // Half of the mailboxes skip verification: log-ins take most of a walk's time.
        ...(address % 2 === 0 ? {} : { verify: false }),
        ...(onExisting === "fail" ? {} : { onExisting }),
        ...(deleteAdopted ? { deleteAdopted } : {}),
        ...(credentialVersion === 0 ? {} : { credentialVersion }),
        owner: owner("grant", name),
        stack: digest,
      };
      // Half of the mailboxes of a native program have the option `deleteBeforeReplace`.
      const createsFirst = this.host === "native" && address % 4 < 2;
      return { kind: "grant", name, aliases, args, replaceOnChanges, createsFirst };
    });
    return this.connectors.has(stack) ? [connector, ...grants] : grants;
  }
}

export function addressOf(address: number): string {
  return `mailbox-${address}@example.test`;
}

/** Contains characters that URLs and JSON escape. */
export function passwordOf(address: number, version: number): string {
  return `pass "word" ${address}/${version} %25&`;
}

/** Sets the environment variable from which the provider reads the password. Returns its name. */
function provide(stack: StackName, name: string, password: string): string {
  const variable = `WALK_PASSWORD_${stack}_${name}`;
  process.env[variable] = password;
  return variable;
}

/** Computes the digest as `registration.ts` does for the resource classes. */
function ownerOf(stack: string, kind: Kind, name: string): string {
  const type = kind === "grant" ? "ByoImapGrant" : "ImapConnector";
  return ownerDigest(["organization", PROJECT, stack, `pulumi-nodejs:dynamic/nylas:${type}`, name]);
}
