/**
 * What Pulumi stores in the state of every resource, twice: so small that it never needs to change. All logic is behind the
 * frozen path, and so the installed version of this package runs, also for `refresh` and `destroy` of old state.
 *
 * Do not reformat: a test holds the stored text, because another text would show every user a change in every resource.
 */
import type * as pulumi from "@pulumi/pulumi";

type Configurable = Pick<pulumi.dynamic.ResourceProvider, "configure">;

const connector: Configurable = { configure(req) { return require("pulumi-nylas-imap/provider").ImapConnector(this, req); } };

const grant: Configurable = { configure(req) { return require("pulumi-nylas-imap/provider").ByoImapGrant(this, req); } };

// `configure` puts the methods in place, `create` included: see provider.ts.
export const connectorThunk = connector as pulumi.dynamic.ResourceProvider;
export const grantThunk = grant as pulumi.dynamic.ResourceProvider;
