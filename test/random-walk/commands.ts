import * as fc from "fast-check";
import { ADDRESSES, type Declarations, type Mailbox, passwordOf, type StackName } from "./program.js";
import type { ClockJump, Fault, Kill, Simulation, UpOptions } from "./simulation.js";

/** Highest number of the request at which a run is killed; most runs have fewer requests. */
const MAX_KILL_REQUEST = 12;
/** Most mailboxes that one command adds. */
const MAX_ADDED = 4;
/** Number of attempts of a request. A fault that lasts for all of them makes it fail. */
const ALL_ATTEMPTS = 5;
/** The first, second or third request that matches. */
const MAX_NTH = 3;

/** Nylas refuses to read mailboxes that it has just authenticated. */
const UNREADABLE: Fault = { method: "GET", path: "/v3/grants/*/messages", status: 401, times: 4 };

export type Command = fc.AsyncCommand<Declarations, Simulation>;

/** Counts what all walks of this process have done. */
export const done = { steps: 0 };

/** An action of users, of Nylas, or an accident. `what` describes it in the sequence that a failure prints. */
function command(
  what: string,
  possible: (declarations: Declarations) => boolean,
  act: (declarations: Declarations, simulation: Simulation) => Promise<unknown>,
): Command {
  return {
    check: possible,
    run: async (declarations, simulation) => {
      done.steps += 1;
      await act(declarations, simulation);
    },
    toString: () => what,
  };
}

/** A change of one declared mailbox, and mostly an `up` with it; without, the next one does both. */
function edit(
  what: string,
  pick: number,
  thenUp: boolean,
  change: (mailbox: Mailbox, declarations: Declarations, simulation: Simulation) => unknown,
  options?: (mailbox: Mailbox) => UpOptions,
): Command {
  return command(
    `${what} #${pick}${thenUp ? "" : " (no up)"}`,
    ({ mailboxes }) => mailboxes.length > 0,
    async (declarations, simulation) => {
      const mailbox = declarations.mailboxes[pick % declarations.mailboxes.length];
      if (mailbox === undefined) return;
      const { stack } = mailbox;
      await change(mailbox, declarations, simulation);
      if (thenUp) await simulation.up(declarations, stack, options?.(mailbox));
    },
  );
}

/** Declares those of the addresses that the stack does not declare yet. */
function declare(
  declarations: Declarations,
  { addresses, ...one }: { addresses: readonly number[] } & Pick<Mailbox, "stack" | "onExisting" | "deleteAdopted">,
): void {
  for (const address of addresses) {
    if (declarations.declares(one.stack, address)) continue;
    declarations.mailboxes.push({
      ...one,
      address,
      name: declarations.freeName(one.stack, address),
      aliases: [],
      password: declarations.password(address),
      byReference: address % 3 === 1,
      host: "127.0.0.1",
      credentialVersion: 0,
      replaceOnChanges: false,
    });
  }
}

const stack = fc.constantFrom<StackName>("a", "a", "b");
const address = fc.nat(ADDRESSES - 1);
const addresses = fc.uniqueArray(address, { minLength: 1, maxLength: MAX_ADDED });
const pick = fc.nat(ADDRESSES - 1);
const thenUp = fc.constantFrom(true, true, true, false);
const onExisting = fc.constantFrom("fail" as const, "adopt" as const);

const add = fc.record({ stack, addresses, onExisting, thenUp, deleteAdopted: fc.boolean() }).map((one) =>
  command(
    `add ${one.addresses.join(", ")} to ${one.stack} (${one.onExisting}${one.deleteAdopted ? ", deleteAdopted" : ""}${one.thenUp ? "" : ", no up"})`,
    (declarations) => one.addresses.some((address) => !declarations.declares(one.stack, address)),
    async (declarations, simulation) => {
      declare(declarations, one);
      if (one.thenUp) await simulation.up(declarations, one.stack);
    },
  ),
);

const remove = fc.record({ pick, thenUp }).map((one) =>
  edit("remove", one.pick, one.thenUp, (mailbox, declarations) => {
    declarations.mailboxes = declarations.mailboxes.filter((other) => other !== mailbox);
  }),
);

const rename = fc.record({ pick, thenUp, alias: fc.boolean(), onExisting, continues: fc.boolean() }).map((one) =>
  edit(
    `rename ${one.alias ? "with" : "without"} alias, ${one.onExisting},${one.continues ? " going on after errors," : ""}`,
    one.pick,
    one.thenUp,
    (mailbox, all) => {
      mailbox.aliases = one.alias ? [mailbox.name, ...mailbox.aliases] : [];
      mailbox.name = `m${mailbox.address}-${all.next()}`;
      mailbox.onExisting = one.onExisting;
    },
    () => ({ continues: one.continues }),
  ),
);

const rotate = fc.record({ pick, thenUp, mistyped: fc.constantFrom(false, false, true) }).map((one) =>
  edit(
    one.mistyped ? "mistype the password" : "rotate the password",
    one.pick,
    one.thenUp,
    async (mailbox, all, simulation) => {
      const { address } = mailbox;
      const password = passwordOf(address, all.next());
      mailbox.password = password;
      if (one.mistyped) return;
      all.passwords[address] = password;
      await simulation.rotate(address, password);
    },
  ),
);

const correct = fc.record({ pick, thenUp }).map((one) =>
  edit("correct the password", one.pick, one.thenUp, (mailbox, all) => {
    mailbox.password = all.password(mailbox.address);
  }),
);

/** Without this, one mistyped password or one grant of somebody else's would hold a stack up for the rest of a walk. */
const mend = stack.map((name) =>
  command(
    `mend all of ${name}`,
    (declarations) => declarations.of(name).length > 0,
    async (declarations, simulation) => {
      for (const mailbox of declarations.of(name)) {
        mailbox.password = declarations.password(mailbox.address);
        mailbox.onExisting = "adopt";
      }
      await simulation.up(declarations, name);
    },
  ),
);

const change = fc
  .record({
    pick,
    thenUp,
    field: fc.constantFrom(
      "host",
      "byReference",
      "onExisting",
      "deleteAdopted",
      "credentialVersion",
      "replaceOnChanges",
    ),
  })
  .map((one) =>
    edit(`change ${one.field}`, one.pick, one.thenUp, (mailbox, all) => {
      if (one.field === "host") mailbox.host = mailbox.host === "localhost" ? "127.0.0.1" : "localhost";
      if (one.field === "byReference") mailbox.byReference = !mailbox.byReference;
      if (one.field === "onExisting") mailbox.onExisting = mailbox.onExisting === "adopt" ? "fail" : "adopt";
      if (one.field === "deleteAdopted") mailbox.deleteAdopted = !mailbox.deleteAdopted;
      if (one.field === "replaceOnChanges") mailbox.replaceOnChanges = !mailbox.replaceOnChanges;
      if (one.field === "credentialVersion") mailbox.credentialVersion = all.next();
    }),
  );

const halfMake = pick.map((one) =>
  edit("fail to read after an authentication, with replaceOnChanges", one, false, async (mailbox, all, simulation) => {
    Object.assign(mailbox, { replaceOnChanges: true, credentialVersion: all.next() });
    await simulation.up(all, mailbox.stack, { fault: UNREADABLE });
    await simulation.up(all, mailbox.stack);
    mailbox.replaceOnChanges = false;
    await simulation.up(all, mailbox.stack);
  }),
);

const readdress = fc.record({ pick, thenUp, address }).map((one) =>
  edit(`change the address to ${one.address}`, one.pick, one.thenUp, (mailbox, all) => {
    if (all.declares(mailbox.stack, one.address)) return;
    mailbox.address = one.address;
    mailbox.password = all.password(one.address);
  }),
);

const replace = pick.map((one) =>
  edit(
    "replace",
    one,
    true,
    () => undefined,
    ({ name }) => ({ replace: [name] }),
  ),
);

const outside = fc
  .record({ address, what: fc.constantFrom("delete" as const, "expire" as const, "foreign" as const), stack })
  .map(({ address, what, stack }) =>
    command(
      `${what} grant of ${address} outside, up of ${stack}`,
      () => true,
      async (declarations, simulation) => {
        if (what === "delete") await simulation.deleteOutside(address);
        if (what === "expire") await simulation.expire(address);
        if (what === "foreign") await simulation.foreign(address, declarations.password(address));
        await simulation.up(declarations, stack);
      },
    ),
  );

export const kill: fc.Arbitrary<Kill> = fc.record({
  request: fc.integer({ min: 1, max: MAX_KILL_REQUEST }),
  when: fc.constantFrom("before" as const, "after" as const),
  what: fc.constantFrom("engine" as const, "everything" as const),
});

const maybeKill = fc.option(kill, { nil: undefined });

const destroy = fc.record({ stack, kill: maybeKill, upKill: maybeKill }).map((one) =>
  command(
    `destroy ${one.stack} ${JSON.stringify([one.kill, one.upKill])}`,
    () => true,
    async (declarations, simulation) => {
      await simulation.destroy(one.stack, one.kill);
      await simulation.up(declarations, one.stack, one.upKill === undefined ? {} : { kill: one.upKill });
    },
  ),
);

const renameStack = fc
  .record({
    stack,
    reuse: fc.boolean(),
    thenUp: fc.constantFrom<StackName | "none">("a", "b", "none"),
    kill: maybeKill,
    destroy: fc.boolean(),
  })
  .map((one) =>
    command(
      `rename stack ${one.stack}${one.reuse ? ", the other one gets its name" : ""}, up of ${one.thenUp} ${JSON.stringify(one.kill)}`,
      () => true,
      async (declarations, simulation) => {
        declarations.renameStack(one.stack, one.reuse);
        if (one.thenUp === "none") return;
        await cutOff(declarations, simulation, one.thenUp, one.kill, one.destroy ? one.stack : undefined);
      },
    ),
  );

/** An `up` that may be killed; a destroy may follow before it is repeated. */
async function cutOff(
  declarations: Declarations,
  simulation: Simulation,
  stack: StackName,
  kill: Kill | undefined,
  destroyed: StackName | undefined,
): Promise<void> {
  if (kill === undefined || destroyed === undefined) {
    await simulation.up(declarations, stack, kill === undefined ? {} : { kill });
    return;
  }
  await simulation.up(declarations, stack, { kill, isLeft: true });
  await simulation.destroy(destroyed);
  await simulation.up(declarations, stack);
}

const copyState = fc
  .record({ kill: maybeKill, destroy: fc.constantFrom<StackName | undefined>("a", "b", undefined), thenUp })
  .map((one) =>
    command(
      `copy the state of a to b, ${one.thenUp ? `up of b ${JSON.stringify(one.kill)}, destroy ${one.destroy}` : "no up"}`,
      () => true,
      async (declarations, simulation) => {
        if (!(await simulation.copy(declarations)) || !one.thenUp) return;
        await cutOff(declarations, simulation, "b", one.kill, one.destroy);
      },
    ),
  );

const moveState = fc.record({ pick, thenUp, kept: fc.boolean() }).map((one) =>
  edit(
    `move to the other stack${one.kept ? ", declared in both," : ""}`,
    one.pick,
    one.thenUp,
    (mailbox, all, simulation) => {
      const from = mailbox.stack;
      const to = from === "a" ? "b" : "a";
      if (all.declares(to, mailbox.address) || all.hasName(to, mailbox.name)) return;
      if (!simulation.move(mailbox.name, from, to)) return;
      if (one.kept) all.mailboxes.push({ ...mailbox });
      mailbox.stack = to;
    },
  ),
);

const refresh = stack.map((name) =>
  command(
    `refresh ${name}`,
    () => true,
    async (declarations, simulation) => {
      await simulation.refresh(name);
      await simulation.up(declarations, name);
    },
  ),
);

const faultedRequest = fc.constantFrom<Fault>(
  { path: "/v3/*" },
  { method: "POST", path: "/v3/connect/custom" },
  { method: "GET", path: "/v3/grants" },
  { method: "GET", path: "/v3/grants/*" },
  { method: "GET", path: "/v3/grants/*/messages" },
  { method: "DELETE", path: "/v3/*" },
  { path: "/v3/connectors*" },
);

const failure = fc.constantFrom<Fault>(
  { status: 429, retryAfter: 0, times: 1 },
  { status: 429, retryAfter: 0, times: ALL_ATTEMPTS },
  { status: 503, retryAfter: 0, times: ALL_ATTEMPTS },
  { status: 503, retryAfter: 0, times: 1, afterEffect: true },
  { status: 503, retryAfter: 0, times: ALL_ATTEMPTS, afterEffect: true },
  { reset: true, times: 1 },
  { reset: true, times: 1, afterEffect: true },
  { truncate: true, times: 1, afterEffect: true },
);

/** What a gateway or proxy answers in Nylas's place. */
const GATEWAY = { body: "<html>no route</html>", times: ALL_ATTEMPTS };

const gatewayFailure = fc.constantFrom<Fault>(
  { ...GATEWAY, status: 404 },
  { ...GATEWAY, status: 404, afterEffect: true },
  { ...GATEWAY, status: 403 },
  { ...GATEWAY, status: 400 },
  { ...GATEWAY, status: 200 },
);

const fault: fc.Arbitrary<Fault> = fc
  .record({
    request: faultedRequest,
    failure: fc.oneof(failure, gatewayFailure),
    nth: fc.integer({ min: 1, max: MAX_NTH }),
  })
  .map(({ request, failure, nth }) => ({ ...request, ...failure, nth }));

/** Gives the next run something to do, and names what it is to replace. */
type Work = (stack: StackName, declarations: Declarations, pick: number) => string[];

const works: Readonly<Record<string, Work>> = {
  "add four": (stack, declarations, pick) => {
    const addresses = [pick, pick + 1, pick + 2, pick + 3].map((address) => address % ADDRESSES);
    declare(declarations, { stack, addresses, onExisting: "fail", deleteAdopted: false });
    return [];
  },
  "re-authenticate all": (stack, declarations) => {
    for (const mailbox of declarations.of(stack)) mailbox.credentialVersion = declarations.next();
    return [];
  },
  "remove two": (stack, declarations) => {
    const removed = declarations.of(stack).slice(0, 2);
    declarations.mailboxes = declarations.mailboxes.filter((mailbox) => !removed.includes(mailbox));
    return [];
  },
  "rename and adopt all": (stack, declarations) => {
    for (const mailbox of declarations.of(stack)) {
      Object.assign(mailbox, { aliases: [], name: `m${mailbox.address}-${declarations.next()}`, onExisting: "adopt" });
    }
    return [];
  },
  "replace all": (stack, declarations) => declarations.of(stack).map(({ name }) => name),
};

/** A minute or a day, in milliseconds. */
const JUMPS_MS = [-86_400_000, -60_000, 60_000, 86_400_000];

const jump: fc.Arbitrary<ClockJump> = fc.record({
  request: fc.integer({ min: 1, max: MAX_KILL_REQUEST }),
  ms: fc.constantFrom(...JUMPS_MS),
});

/** Without bystanders, no grant is deleted between two pages. */
const bystanders = fc.constant(
  command(
    "bystanders",
    () => true,
    (_declarations, simulation) => simulation.bystanders(),
  ),
);

const changeMachine = fc.constant(
  command(
    "another machine",
    () => true,
    (_declarations, simulation) => simulation.changeMachine(),
  ),
);

const trouble = fc
  .record({
    stack,
    work: fc.constantFrom(...Object.keys(works)),
    pick,
    options: fc.oneof(
      fc.record({ kill }),
      fc.record({ fault }),
      fc.record({ jump }),
      fc.record({ fault, jump }),
      fc.record({ shiftAt: fc.integer({ min: 1, max: MAX_KILL_REQUEST }) }),
      fc.record({ isAway: fc.constant(true) }),
      fc.record({ continues: fc.constant(true) }),
      fc.record({ continues: fc.constant(true), fault }),
    ),
  })
  .map(({ stack, work, pick, options }) =>
    command(
      `${work} in ${stack} (#${pick}) with ${JSON.stringify(options)}`,
      () => true,
      async (declarations, simulation) => {
        const replace = works[work]?.(stack, declarations, pick) ?? [];
        await simulation.up(declarations, stack, { ...options, replace });
      },
    ),
  );

/** Each as often as it stands here. */
export const commands: fc.Arbitrary<Command>[] = [
  add,
  add,
  add,
  add,
  remove,
  rename,
  rename,
  rotate,
  rotate,
  correct,
  mend,
  change,
  change,
  readdress,
  halfMake,
  replace,
  outside,
  outside,
  refresh,
  refresh,
  renameStack,
  renameStack,
  copyState,
  copyState,
  moveState,
  moveState,
  destroy,
  bystanders,
  changeMachine,
  trouble,
  trouble,
  trouble,
  trouble,
];
