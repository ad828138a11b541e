import { execFileSync } from "node:child_process";
import { userInfo } from "node:os";

/** Who Dovecot runs as. */
export interface Account {
  user: string;
  group: string;
  /** Only where it is not our own. */
  ids?: { uid: number; gid: number };
}

/** Our own, except root's: root may do everything, which would hide what an ordinary user may not. */
export function accountToRunAs(): Account {
  if (userInfo().uid !== 0) return { user: userInfo().username, group: id("-gn") };
  const user = "nobody";
  return { user, group: id("-gn", user), ids: { uid: Number(id("-u", user)), gid: Number(id("-g", user)) } };
}

/** A file, or a directory with all that is in it. */
export function give(path: string, { ids }: Account): void {
  if (ids !== undefined) execFileSync("chown", ["-R", `${ids.uid}:${ids.gid}`, path]);
}

function id(...args: string[]): string {
  return execFileSync("id", args, { encoding: "utf8" }).trim();
}
