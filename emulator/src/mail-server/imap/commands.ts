import type { Command } from "./command-parser.js";
import { close, list, namespace, select, status } from "./commands-folders.js";
import { authenticate, capability, identify, login, logout, noop, startTls } from "./commands-login.js";
import { fetchMessages } from "./commands-messages.js";
import { searchMessages } from "./commands-search.js";
import type { Handler, Session } from "./session.js";

type Needs = "nothing" | "login" | "folder";

const COMMANDS: Readonly<Record<string, { needs: Needs; run: Handler }>> = {
  CAPABILITY: { needs: "nothing", run: capability },
  ID: { needs: "nothing", run: identify },
  NOOP: { needs: "nothing", run: noop },
  LOGOUT: { needs: "nothing", run: logout },
  STARTTLS: { needs: "nothing", run: startTls },
  LOGIN: { needs: "nothing", run: login },
  AUTHENTICATE: { needs: "nothing", run: authenticate },
  NAMESPACE: { needs: "login", run: namespace },
  LIST: { needs: "login", run: list },
  LSUB: { needs: "login", run: list },
  STATUS: { needs: "login", run: status },
  SELECT: { needs: "login", run: select },
  EXAMINE: { needs: "login", run: select },
  CHECK: { needs: "folder", run: noop },
  CLOSE: { needs: "folder", run: close },
  UNSELECT: { needs: "folder", run: close },
  FETCH: { needs: "folder", run: fetchMessages },
  "UID FETCH": { needs: "folder", run: fetchMessages },
  SEARCH: { needs: "folder", run: searchMessages },
  "UID SEARCH": { needs: "folder", run: searchMessages },
};

export function runCommand(session: Session, command: Command): undefined {
  const known = Object.hasOwn(COMMANDS, command.name) ? COMMANDS[command.name] : undefined;
  if (known === undefined) return session.bad(command, "Unknown command");
  if (known.needs !== "nothing" && session.user === undefined) return session.bad(command, "Log in first");
  if (known.needs === "folder" && session.selected === undefined) return session.bad(command, "Select a folder first");
  return known.run(session, command);
}
