/**
 * The provider that a careful person writes in an afternoon, with Pulumi's guide to dynamic providers at hand: it looks for an
 * existing grant before it makes one, keeps passwords secret, takes the API key from the environment, repeats after a 429, and
 * takes a 404 of a deletion as done. It has no limiter and no list that its resources share, and does not look into a mailbox.
 */
const pulumi = require("@pulumi/pulumi");
const { mailboxes } = require("../mailboxes.cjs");

const ATTEMPTS = 10;

/** @typedef {{ id: string, email: string, grant_status: string }} WireGrant */
/** @typedef {{ imapUsername: string, imapPassword: string, imapHost: string, imapPort: number, smtpHost: string, smtpPort: number }} GrantInputs */

/**
 * @template [T=unknown]
 * @param {string} method
 * @param {string} path
 * @param {object} [body]
 * @returns {Promise<T | undefined>} undefined if Nylas has no such object
 */
async function nylas(method, path, body) {
  for (let attempt = 1; ; attempt++) {
    const response = await fetch(`${process.env.NYLAS_API_URI}/v3/${path}`, {
      method,
      headers: { authorization: `Bearer ${process.env.NYLAS_API_KEY}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (response.status === 429 && attempt < ATTEMPTS) {
      await response.text();
      const seconds = Number(response.headers.get("retry-after")) || 1;
      await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
      continue;
    }
    if (response.status === 404) {
      await response.text();
      return undefined;
    }
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    const { data } = /** @type {{ data: T }} */ (await response.json());
    return data;
  }
}

/**
 * @param {GrantInputs} inputs
 * @returns {Promise<WireGrant>}
 */
async function authenticate(inputs) {
  /** @type {WireGrant | undefined} */
  const grant = await nylas("POST", "connect/custom", {
    provider: "imap",
    settings: {
      imap_username: inputs.imapUsername,
      imap_password: inputs.imapPassword,
      imap_host: inputs.imapHost,
      imap_port: inputs.imapPort,
      smtp_host: inputs.smtpHost,
      smtp_port: inputs.smtpPort,
    },
  });
  if (grant === undefined) throw new Error("the application has no connector");
  return grant;
}

/** @type {import("@pulumi/pulumi").dynamic.ResourceProvider<{}, {}>} */
const connectorProvider = {
  async create() {
    await nylas("POST", "connectors", { provider: "imap" });
    return { id: "imap", outs: {} };
  },
  async read(id, props = {}) {
    const found = await nylas("GET", "connectors/imap");
    return found === undefined ? {} : { id, props };
  },
  async delete() {
    await nylas("DELETE", "connectors/imap");
  },
};

/** @type {import("@pulumi/pulumi").dynamic.ResourceProvider<GrantInputs, object>} */
const grantProvider = {
  async diff(_id, olds, news) {
    const names = ["imapUsername", "imapPassword", "imapHost", "imapPort", "smtpHost", "smtpPort"];
    const changed = names.filter((name) => Reflect.get(olds, name) !== Reflect.get(news, name));
    const replaces = changed.filter((name) => name === "imapUsername");
    return { changes: changed.length > 0, replaces, deleteBeforeReplace: true };
  },
  async create(inputs) {
    /** @type {WireGrant[] | undefined} */
    const existing = await nylas("GET", `grants?email=${encodeURIComponent(inputs.imapUsername)}`);
    if (existing?.[0] !== undefined) throw new Error(`${inputs.imapUsername} has grant ${existing[0].id} already`);
    const grant = await authenticate(inputs);
    return { id: grant.id, outs: { ...inputs, grantId: grant.id, email: grant.email, status: grant.grant_status } };
  },
  async read(id, props) {
    /** @type {WireGrant | undefined} */
    const grant = await nylas("GET", `grants/${id}`);
    if (grant === undefined) return {};
    return { id, props: { ...props, grantId: grant.id, email: grant.email, status: grant.grant_status } };
  },
  async update(id, _olds, news) {
    const grant = await authenticate(news);
    return { outs: { ...news, grantId: id, email: grant.email, status: grant.grant_status } };
  },
  async delete(id) {
    await nylas("DELETE", `grants/${id}`);
  },
};

class Connector extends pulumi.dynamic.Resource {
  /** @param {string} name */
  constructor(name) {
    super(connectorProvider, name, {});
  }
}

class Grant extends pulumi.dynamic.Resource {
  /** @param {string} name @param {GrantInputs} args @param {import("@pulumi/pulumi").CustomResourceOptions} opts */
  constructor(name, args, opts) {
    const imapPassword = pulumi.secret(args.imapPassword);
    super(
      grantProvider,
      name,
      { grantId: undefined, email: undefined, status: undefined, ...args, imapPassword },
      opts,
    );
  }
}

const connector = new Connector("imap");
for (const { name, args } of mailboxes) new Grant(name, args, { dependsOn: connector });
