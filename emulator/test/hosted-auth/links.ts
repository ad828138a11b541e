import { TestEmulator } from "../../../tools/harness/test-emulator.js";
import type { Application } from "./application.js";

export type Query = Record<string, string>;

/** The two ends of a hosted authentication: the emulator, and the application's callback. */
export interface Ends {
  emulator: TestEmulator;
  application: Pick<Application, "redirectUri">;
}

/** The URL that an application links to. */
export function linkOf({ emulator, application }: Ends, query: Query): string {
  const { apiUri, applicationId } = emulator.emulator;
  const { redirectUri } = application;
  const usual = { client_id: applicationId, redirect_uri: redirectUri, response_type: "code", provider: "imap" };
  return `${apiUri}/v3/connect/auth?${new URLSearchParams({ ...usual, ...query })}`;
}

/** Exchanges a code as the application's server does, or an attacker who has the code. */
export async function exchange(
  { emulator, application }: Ends,
  fields: Record<string, string | undefined>,
): Promise<{ status: number; headers: Headers; body: Record<string, unknown> }> {
  const request = {
    grant_type: "authorization_code",
    client_id: emulator.emulator.applicationId,
    redirect_uri: application.redirectUri,
    ...fields,
  };
  const headers = { "content-type": "application/json" };
  const url = `${emulator.emulator.apiUri}/v3/connect/token`;
  const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(request) });
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Record<string, unknown> };
}

/** The code that the form gives for a mailbox. */
export async function codeOf(ends: Ends, user: number, query: Query = {}): Promise<string> {
  const { status, location } = await sendForm(ends, user, query);
  if (status !== 303 || location === null) throw new Error(`the form answers ${status}`);
  return new URL(location).searchParams.get("code") ?? "";
}

/** A form body, as a browser sends it. */
export async function sendForm(
  ends: Ends,
  user: number,
  query: Query,
  typed: Query = {},
): Promise<{ status: number; location: string | null }> {
  const { username, password } = ends.emulator.user(user);
  const { imap, smtp } = ends.emulator;
  const body = new URLSearchParams({
    imap_username: username,
    imap_password: password,
    imap_host: imap.host,
    imap_port: String(imap.port),
    smtp_host: smtp.host,
    smtp_port: String(smtp.port),
    ...typed,
  });
  const answer = await fetch(linkOf(ends, query), { method: "POST", redirect: "manual", body });
  return { status: answer.status, location: answer.headers.get("location") };
}

export async function startEmulator(behavior: Query = {}): Promise<TestEmulator> {
  const started = await TestEmulator.start({ behavior });
  await connectImap(started);
  return started;
}

export async function connectImap(emulator: TestEmulator): Promise<void> {
  await emulator.call("POST", "/v3/connectors", { provider: "imap", name: "mail" });
}
