/**
 * The code that Pulumi serializes into the state of every resource, twice. It only loads a frozen path, so that it never needs
 * to change, and the installed version of this package runs even for `refresh` and `destroy` of old states.
 *
 * Do not reformat: a different text would show every user a change in every resource, so a test compares it.
 */
import type * as pulumi from "@pulumi/pulumi";

type Configurable = Pick<pulumi.dynamic.ResourceProvider, "configure">;

const connector: Configurable = { configure(req) { return require("pulumi-nylas-imap/provider").ImapConnector(this, req); } };

const grant: Configurable = { configure(req) { return require("pulumi-nylas-imap/provider").ByoImapGrant(this, req); } };

// `configure` adds `create` and the other methods at run time: see provider.ts.
export const connectorThunk = connector as pulumi.dynamic.ResourceProvider;
export const grantThunk = grant as pulumi.dynamic.ResourceProvider;
