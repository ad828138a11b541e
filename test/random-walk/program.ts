import { ownerDigest } from "../../provider/src/lifecycle/marker.js";
import type { Declared, Kind } from "./engine-model.js";

/** Mailboxes of the mail server. */
export const ADDRESSES = 8;

/** `a` owns the connector, `b` refers to it. */
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
}

export interface Endpoints {
  imapPort: number;
  smtpPort: number;
}

/** What the users have written down: the two programs and the passwords. Nothing of what came of it. */
export class Declarations {
  mailboxes: Mailbox[] = [];
  /** What the stacks are called. */
  readonly #labels: Record<StackName, string> = { a: "a", b: "b" };
  /** On the mail server, by address. */
  readonly passwords = Array.from({ length: ADDRESSES }, (_, address) => passwordOf(address, 0));
  #serial = 0;

  /** A number that was not given before in this walk. */
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

  /** A name of the address that is free; the same one again after a removal. */
  freeName(stack: StackName, address: number): string {
    const taken = this.of(stack).flatMap(({ name, aliases }) => [name, ...aliases]);
    return taken.includes(`m${address}`) ? `m${address}-${this.next()}` : `m${address}`;
  }

  program(stack: StackName, endpoints: Endpoints): Declared[] {
    const owner = (kind: Kind, name: string) => this.owner(stack, kind, name);
    const digest = ownerDigest(["organization", "walk", this.#labels[stack]]);
    const connector: Declared = {
      kind: "connector",
      name: "imap",
      args: { owner: owner("connector", "imap"), stack: digest },
      aliases: [],
    };
    const grants = this.of(stack).map((mailbox): Declared => {
      const { name, aliases, address, password, byReference, host, onExisting, deleteAdopted, credentialVersion } =
        mailbox;
      const args = {
        connector: "imap",
        imapUsername: addressOf(address),
        ...(byReference ? { imapPasswordFrom: { env: provide(stack, name, password) } } : { imapPassword: password }),
        imapHost: host,
        imapPort: endpoints.imapPort,
        smtpHost: host,
        smtpPort: endpoints.smtpPort,
        // A login less for half of them: the mail servers take most of a walk's time.
        ...(address % 2 === 0 ? {} : { verify: false }),
        ...(onExisting === "fail" ? {} : { onExisting }),
        ...(deleteAdopted ? { deleteAdopted } : {}),
        ...(credentialVersion === 0 ? {} : { credentialVersion }),
        owner: owner("grant", name),
        stack: digest,
      };
      return { kind: "grant", name, aliases, args };
    });
    return stack === "a" ? [connector, ...grants] : grants;
  }
}

export function addressOf(address: number): string {
  return `mailbox-${address}@example.test`;
}

/** With characters that look different in URLs and in JSON. */
export function passwordOf(address: number, version: number): string {
  return `pass "word" ${address}/${version} äöü`;
}

/** Puts the password where the provider reads it; answers the variable's name. */
function provide(stack: StackName, name: string, password: string): string {
  const variable = `WALK_PASSWORD_${stack}_${name}`;
  process.env[variable] = password;
  return variable;
}

/** As the resource classes make it, see `registration.ts`. */
function ownerOf(stack: string, kind: Kind, name: string): string {
  const type = kind === "grant" ? "ByoImapGrant" : "ImapConnector";
  return ownerDigest(["organization", "walk", stack, `pulumi-nodejs:dynamic/nylas:${type}`, name]);
}
