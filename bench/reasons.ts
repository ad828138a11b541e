import type { Target } from "./targets.ts";

/** Of the plugin's ratios of times. */
const ENGINE =
  "Pulumi saves the whole state twice for each resource that changes, and that is most of the time on both hosts; while the state is small, both wait for the package's own limit of 40 requests a second.";
const SAME_PROGRAM = "The engine and the program's Node process, which both hosts need, take most of the time.";

/** Why a target is missed, if it is: what a profile shows. */
const REASONS: Readonly<Record<string, string>> = {
  "up, create: over the floor":
    "The floor sends no request. Two for each grant, at the package's own limit of 40 a second, take at least 30 of the seconds; while the state is small, the engine is faster than that.",
  "up, create, 200 mailboxes: naive over ours":
    "The package keeps to 40 requests a second, for which 405 requests take ten seconds; the naive provider knows no limit, and here nobody sets one.",
  "up, nothing changed: over the floor":
    "In a profile of the program this package has a hundredth; the rest is Pulumi's SDK, which does the same for the floor.",
  "preview: over the floor":
    "Half a second: the provider validates and compares 600 mailboxes; in a profile of the program this package has a hundredth.",
  "refresh: over the floor": "The floor sends no request; a refresh reads the list of grants.",
  "up, create, under Nylas's limit: over limit or floor":
    "Without latency it is 1.21 times the floor, for the reason above; the median answer of 150 ms adds the rest.",
  "state for each grant":
    "The floor has as much: Pulumi stores the inputs again as outputs, 1.2 kB of code, and 1.3 kB of its own fields.",
  "memory of the provider's process: over the floor":
    "Answers to 1,200 requests and the HTTP client are allocated, where the floor sends none; what stays alive of a grant is 5 kB.",
  "plugin, up, create: over ours": ENGINE,
  "plugin, up, nothing changed: over ours": SAME_PROGRAM,
  "plugin, preview: over ours": SAME_PROGRAM,
  "plugin, refresh: over ours": "It takes seconds, and the start of the engine is the same on both hosts.",
  "plugin, up, all rotated: over ours": ENGINE,
  "plugin, destroy: over ours": ENGINE,
  "plugin, state for each grant":
    "1.1 kB are the engine's fields; without the digest, the owner and the stack in the outputs, the way back to dynamic resources would authenticate each mailbox.",
  "plugin, start to first answer: over ours": "Most of it is Node's own start.",
};

/** A list of the missed targets, if there are any. Throws where a reason is missing. */
export function reasons(targets: readonly Target[]): string[] {
  const missed = targets.filter(({ met }) => met === false);
  const lines = missed.map(({ name }) => {
    const reason = REASONS[name];
    if (reason === undefined) throw new Error(`bench/reasons.ts lacks the reason why "${name}" is missed.`);
    return `- *${name}*: ${reason}`;
  });
  return missed.length === 0 ? [] : [`Why targets are missed:\n\n${lines.join("\n")}`];
}
