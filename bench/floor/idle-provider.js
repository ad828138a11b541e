/** The methods of a provider that asks nobody and decides nothing. Its outputs have the fields of `pulumi-nylas-imap`. */
const { randomUUID } = require("node:crypto");

/** @typedef {Record<string, unknown>} Values */

/** @param {object} target @param {unknown} _req */
function ImapConnector(target, _req) {
  install(target, "imap", { provider: "imap", name: "IMAP", adopted: false, applicationId: randomUUID() });
}

/** @param {object} target @param {unknown} _req */
function ByoImapGrant(target, _req) {
  install(target, undefined, {
    grantStatus: "valid",
    createdAt: new Date().toISOString(),
    updatedAt: new Date().toISOString(),
    adopted: false,
    applicationId: randomUUID(),
    marker: `pulumi-nylas-imap:2:${"0".repeat(32)}:${"0".repeat(32)}:${"0".repeat(16)}:created`,
  });
}

/**
 * @param {object} target
 * @param {string | undefined} id a random one, if undefined, which is an output too
 * @param {Values} outputs
 */
function install(target, id, outputs) {
  /** @param {Values} inputs @param {string} made */
  const state = (inputs, made) => ({
    ...inputs,
    ...outputs,
    ...(id === undefined ? { grantId: made, email: inputs.imapUsername } : {}),
  });
  Object.assign(target, {
    /** @param {Values} _olds @param {Values} news */
    check: async (_olds, news) => ({ inputs: news }),
    /** @param {string} _id @param {Values} olds @param {Values} news */
    diff: async (_id, olds, news) => ({ changes: olds.imapPassword !== news.imapPassword }),
    /** @param {Values} inputs */
    create: async (inputs) => {
      const made = id ?? randomUUID();
      return { id: made, outs: state(inputs, made) };
    },
    /** @param {string} made @param {Values} props */
    read: async (made, props) => ({ id: made, props }),
    /** @param {string} made @param {Values} _olds @param {Values} news */
    update: async (made, _olds, news) => ({ outs: state(news, made) }),
    delete: async () => {},
  });
}

module.exports = { ImapConnector, ByoImapGrant };
